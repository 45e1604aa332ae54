{application, a,
 [{description, ""},
  {vsn, "1.0.0"},
  {modules, [a_module]},
  {registered, []},
  {applications, [kernel, stdlib]}]}.
