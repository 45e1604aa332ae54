"""Which files are made, from what, by which pure function."""
