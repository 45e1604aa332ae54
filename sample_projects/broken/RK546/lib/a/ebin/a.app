{application, a,
 [{description, ""},
  {vsn, "1.0.0"},
  {modules, []},
  {registered, []},
  {applications, [kernel, stdlib]}]}.
