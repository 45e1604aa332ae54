{application, a,
 [{description, ""},
  {vsn, "1.0.0"},
  {modules, []},
  {registered, [the_name]},
  {applications, [kernel, stdlib]}]}.
