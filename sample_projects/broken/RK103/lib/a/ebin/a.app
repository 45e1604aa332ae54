%% coding: utf-8
{application, a, [{description, "café"}, {vsn, "1.0.0"},
  {modules, []}, {registered, []}, {applications, [kernel, stdlib]}]}.
