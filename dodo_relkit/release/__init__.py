"""One release: what was asked for, what there is, what was decided."""
