{application, fortune,
 [{description, "Tells fortunes"},
  {vsn, "2.0.0"},
  {modules, [fortune, fortune_data]},
  {registered, []},
  {applications, [kernel, stdlib]},
  {env, []}]}.
