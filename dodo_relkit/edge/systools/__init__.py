"""systools without Erlang: the functions behind `dodo_relkit.systools`."""
