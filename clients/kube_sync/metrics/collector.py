"""What a worker knows of itself, read when somebody asks."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kube_sync.instruments import PREFIX


class Observed(Protocol):
    """What a worker shows of itself."""

    def figures(self) -> Mapping[str, float]:
        """Plain numbers by name."""
        ...

    def queued(self) -> Mapping[str, int]:
        """How many objects are due for a look, by kind."""
        ...

    def waiting(self) -> Mapping[str, int]:
        """How many objects wait, by reason."""
        ...


HELP = {
    "attachment_drift": "Running pods whose selection was edited: it has no effect.",
    "default_address_foreign": "Pods whose first address was given by another plug-in.",
    "leader": "1 while this worker holds the Lease, or works without one.",
    "orphans_missed": "Leftovers whose owner was missed in the last sweep: removed in the next, if it is not seen by then.",
    "orphans_held_back": "Leftovers that are so many that none is removed; see --allow-mass-delete.",
    "queue_depth": "Objects that are due and wait for a look.",
}


class WorkerCollector(Collector):
    """A worker's figures as gauges."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed

    def collect(self) -> Iterable[Metric]:
        """Read the worker now."""
        for name, value in self._observed.figures().items():
            yield GaugeMetricFamily(f"{PREFIX}_{name}", _help(name), value=value)
        yield _labelled("queue_depth", "kind", self._observed.queued())
        yield _labelled("waiting", "reason", self._observed.waiting())


def _labelled(name: str, label: str, values: Mapping[str, float]) -> Metric:
    gauge = GaugeMetricFamily(f"{PREFIX}_{name}", _help(name), labels=[label])
    for word, value in values.items():
        gauge.add_metric([word], value)
    return gauge


def _help(name: str) -> str:
    return HELP.get(name, f"{name.replace('_', ' ').capitalize()}.")
