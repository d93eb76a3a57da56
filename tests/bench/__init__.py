"""How fast the server is, as ratios to what the same machine does without it: `make bench`."""
