"""The relup: scripts of low-level instructions, as systools makes them."""
