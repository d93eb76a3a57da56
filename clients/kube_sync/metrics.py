"""What there is to see of a running worker, read when somebody asks."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PREFIX = "kube_sync"


class Observed(Protocol):
    """What a worker shows of itself."""

    def figures(self) -> Mapping[str, float]:
        """Plain numbers by name."""
        ...

    def waiting(self) -> Mapping[str, int]:
        """How many objects wait, by reason."""
        ...


class WorkerCollector(Collector):
    """A worker's figures as gauges."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed

    def collect(self) -> Iterable[Metric]:
        """Read the worker now."""
        for name, value in self._observed.figures().items():
            yield GaugeMetricFamily(f"{PREFIX}_{name}", name.replace("_", " "), value=value)
        waiting = GaugeMetricFamily(f"{PREFIX}_waiting", "objects that wait, by reason", labels=["reason"])
        for reason, count in self._observed.waiting().items():
            waiting.add_metric([reason], count)
        yield waiting


def serve(observed: Observed, port: int) -> None:
    """Offer `/metrics` on 127.0.0.1."""
    registry = CollectorRegistry()
    registry.register(WorkerCollector(observed))
    start_http_server(port, addr="127.0.0.1", registry=registry)
