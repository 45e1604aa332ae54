{release, a, [{vsn, "1.0.0"}]}.
