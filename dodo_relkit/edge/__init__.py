"""Disk, clock, environment and doit: the only layer that touches the world."""
