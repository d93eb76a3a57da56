"""The worker at scale, beside a bare watcher of the same objects: `make bench-kube`."""
