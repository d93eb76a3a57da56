"""What a resource is: kinds, values, identity; no I/O but reading schemas/."""
