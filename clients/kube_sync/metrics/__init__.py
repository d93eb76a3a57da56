"""What there is to see of a running worker: metrics and probes over HTTP."""
