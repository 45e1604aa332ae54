"""What is read and written for hot upgrades: the steps of their tasks."""
