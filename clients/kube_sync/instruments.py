"""What is counted and timed while the worker works, in a registry of its own (4.3)."""

from prometheus_client import CollectorRegistry, Counter, Histogram

PREFIX = "netweave_kube_sync"

LOOKS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
WAITS = (0.001, 0.01, 0.1, 1, 10, 60)
CALLS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Instruments:
    """One set a worker: two of them in one process count apart."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.looks = self._histogram("reconcile_seconds", "How long a look at an object took.", ["kind", "result"], LOOKS)
        self.queue_waits = self._histogram("queue_seconds", "How long an object that was due waited for its look.", ["kind"], WAITS)
        self.retries = self._counter("queue_retries", "Looks that are tried again after a pause.", ["kind"])
        self.calls = self._histogram(
            "config_api_seconds", "How long the configuration API took to answer.", ["verb", "type", "status"], CALLS
        )
        self.removed = self._counter("orphans_removed", "Leftovers without an owner that were removed.", ["what"])
        self.statuses = self._counter("status_patches", "Writes of network-status.", ["result"])
        self.events = self._counter("events", "Kubernetes Events.", ["result"])

    def _counter(self, name: str, told: str, labels: list[str]) -> Counter:
        return Counter(name, told, labels, namespace=PREFIX, registry=self.registry)

    def _histogram(self, name: str, told: str, labels: list[str], buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, told, labels, namespace=PREFIX, registry=self.registry, buckets=buckets)
