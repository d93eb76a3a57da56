"""What is counted and timed while the worker works, in a registry of its own (4.3)."""

from prometheus_client import CollectorRegistry, Counter, Histogram

PREFIX = "netweave_kube_sync"

CALLS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Instruments:
    """One set a worker: two of them in one process count apart."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = self._histogram(
            "config_api_seconds", "How long the configuration API took to answer.", ["verb", "type", "status"], CALLS
        )
        self.statuses = self._counter("status_patches", "Writes of network-status.", ["result"])
        self.events = self._counter("events", "Kubernetes Events.", ["result"])

    def _counter(self, name: str, told: str, labels: list[str]) -> Counter:
        return Counter(name, told, labels, namespace=PREFIX, registry=self.registry)

    def _histogram(self, name: str, told: str, labels: list[str], buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, told, labels, namespace=PREFIX, registry=self.registry, buckets=buckets)
