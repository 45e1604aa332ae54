"""What `doit relkit` can be asked: one function a sub-command, and their parts."""
