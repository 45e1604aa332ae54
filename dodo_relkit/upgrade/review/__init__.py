"""What an upgrade will do to processes, and what is dangerous about it."""
