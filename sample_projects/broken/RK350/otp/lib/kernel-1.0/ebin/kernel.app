{application, kernel,
 [{description, ""}, {vsn, "1.0"}, {modules, []}, {registered, []},
  {mod, {kernel, []}}, {applications, []}]}.
