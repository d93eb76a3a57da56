"""The pages of a worker: `/metrics`, `/livez` and `/readyz`."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

import netweave
from kube_sync.clock import Clock
from kube_sync.cluster.watched import Watched
from kube_sync.instruments import Instruments
from kube_sync.metrics.calls import MeasuredTransport
from kube_sync.metrics.collector import Observed, WorkerCollector
from kube_sync.metrics.networks import NetworkUsage, Usage
from kube_sync.metrics.server import Page, Pages
from kube_sync.metrics.watches import WatchCollector

FRESH = 30.0  # for so many seconds what happened to the last call tells whether the configuration API can be reached
API = "configuration API"
NEEDED = ("pods", API)
PATIENCE = 0.8  # a kubelet waits for a second


class Asked(Usage, Protocol):
    """The two calls that are made for whoever looks."""

    async def home(self) -> netweave.Document:
        """Anything that answers."""
        ...


class Shown:
    """What a worker shows to Prometheus and to the kubelet."""

    def __init__(
        self,
        observed: Observed,
        watched: Mapping[str, Watched],
        api: Asked,
        transport: MeasuredTransport,
        instruments: Instruments,
        cluster: str,
        clock: Clock,
    ) -> None:
        self._observed = observed
        self._watched = watched
        self._api = api
        self._transport = transport
        self._registry = instruments.registry
        self._clock = clock
        self._usage = NetworkUsage(api, cluster, clock)
        self._registry.register(WorkerCollector(observed))
        self._registry.register(WatchCollector(watched))
        self._registry.register(self._usage)

    @property
    def pages(self) -> Pages:
        """By path."""
        return {"/metrics": self.metrics, "/livez": self.livez, "/readyz": self.readyz}

    async def metrics(self) -> Page:
        """Everything that is counted."""
        await self._usage.refresh()
        return Page(generate_latest(self._registry).decode(), content_type=CONTENT_TYPE_LATEST)

    async def livez(self) -> Page:
        """Answers while the event loop turns."""
        return Page("ok\n")

    async def readyz(self) -> Page:
        """200 when the pods are known and the configuration API answers; what the worker can do without is told only."""
        seen = {resource: watched.synced for resource, watched in self._watched.items()} | {API: await self._reaches_api()}
        ready = all(seen.get(need, True) for need in NEEDED)
        lines = [f"{'ok' if met else 'not yet'}: {what}" for what, met in seen.items()]
        # Whoever stands by is as ready as who leads: it can take over at once.
        lines.append("leads" if self._observed.figures()["leader"] else "stands by")
        return Page("\n".join(lines) + "\n", HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)

    async def _reaches_api(self) -> bool:
        asked_at = self._transport.asked_at
        if asked_at is None or self._clock.now() - asked_at > FRESH:
            with suppress(netweave.VncError, TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._api.home()
        return self._transport.reached
