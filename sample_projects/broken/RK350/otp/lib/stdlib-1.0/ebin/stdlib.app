{application, stdlib,
 [{description, ""}, {vsn, "1.0"}, {modules, []}, {registered, []},
  {applications, []}]}.
