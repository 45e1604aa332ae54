"""What a module's code says, read from its object file without running it."""
