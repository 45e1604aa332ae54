{application, a,
 [{vsn, "1.0.0"},
  {modules, []},
  {registered, []},
  {applications, [kernel, stdlib]}]}.
