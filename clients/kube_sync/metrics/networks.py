"""How full the cluster's networks are, asked when somebody looks, and not more than once a minute."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import netweave
from kube_sync.clock import Clock
from kube_sync.instruments import PREFIX

PERIOD = 60.0
FAMILIES, STATES = ("v4", "v6"), ("used", "reserved", "free")
ROWS = 10_000  # as many as one answer holds

log = structlog.get_logger()


class Usage(Protocol):
    """The one call that is made."""

    async def utilization(self, by: Any = ..., *, limit: int | None = None) -> netweave.Document:
        """How full the networks are."""
        ...


class NetworkUsage(Collector):
    """Addresses of the networks of this cluster, told by their names as everything of it is (10)."""

    def __init__(self, api: Usage, cluster: str, clock: Clock) -> None:
        self._api = api
        self._prefix = f"{cluster}-"
        self._clock = clock
        self._asked_at: float | None = None
        self._rows: list[Mapping[str, Any]] = []

    async def refresh(self) -> None:
        """Ask, unless that was done within the minute; without an answer the last one stands."""
        now = self._clock.now()
        if self._asked_at is not None and now - self._asked_at < PERIOD:
            return
        self._asked_at = now
        try:
            found = await self._api.utilization("network", limit=ROWS)
        except netweave.VncError as why:
            log.warning("no figures of how full the networks are", why=str(why))
        else:
            self._rows = [row for row in found["rows"] if row["owner"]["fq_name"][-1].startswith(self._prefix)]

    def collect(self) -> Iterable[Metric]:
        """What was answered last."""
        gauge = GaugeMetricFamily(
            f"{PREFIX}_network_addresses", "Addresses of the cluster's networks.", labels=["network", "family", "state"]
        )
        for row in self._rows:
            for family in FAMILIES:
                for state in STATES if family in row else ():
                    gauge.add_metric([":".join(row["owner"]["fq_name"]), family, state], row[family][state])
        yield gauge
