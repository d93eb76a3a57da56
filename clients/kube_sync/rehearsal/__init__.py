"""A run without its writes: reads are real, writes are tried or noted and never done; what is left is the plan (B49)."""
