{application, a,
 [{description, ""},
  {vsn, "1.0.0"},
  {modules, [the_module]},
  {registered, []},
  {applications, [kernel, stdlib]}]}.
