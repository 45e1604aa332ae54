"""Two releases: what changed, and the scripts that lead from one to the other."""
