"""Kubernetes Events: one object for what is told again and again, and never a flood of them (4.3)."""

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import structlog

from kube_sync.clock import Clock
from kube_sync.cluster.api import KubeApi, KubeError, RefusedError
from kube_sync.cluster.source import Event
from kube_sync.model.objects import API_VERSIONS
from kube_sync.pace import Bucket

COMPONENT = "netweave-kube-sync"
BURST, PERIOD = 25.0, 300.0
REMEMBERED = 4096
LONGEST_MESSAGE = 1024  # the API server's limit

log = structlog.get_logger()


@dataclass
class _Told:
    bucket: Bucket
    counts: dict[str, int] = field(default_factory=dict)


class Recorder:
    """Writes Events; failing to is logged and harms nothing."""

    def __init__(self, api: KubeApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._told: OrderedDict[str, _Told] = OrderedDict()

    async def tell(self, event: Event) -> None:
        """Create the Event, or raise its count; an object that had 25 may have one more every five minutes."""
        told = self._of(event.uid)
        if not told.bucket.allow():
            return
        name = _name(event)
        told.counts[name] = told.counts.get(name, 0) + 1
        try:
            await self._write(event, name, told.counts[name])
        except KubeError as why:
            # What could not be written, or expired meanwhile, is a first one again the next time.
            told.counts.pop(name, None)
            log.warning("Event not written", about=str(event.about), reason=event.reason, why=str(why))

    async def _write(self, event: Event, name: str, count: int) -> None:
        path = f"/api/v1/namespaces/{event.about.namespace or 'default'}/events"
        if count == 1:
            try:
                await self._api.create(path, self._document(event, name))
            except RefusedError as why:
                if why.reason != "AlreadyExists":
                    raise
                count = 1 + int((await self._api.get(f"{path}/{name}")).get("count") or 1)
                self._told[event.uid].counts[name] = count
            else:
                return
        await self._api.patch(f"{path}/{name}", {"count": count, "lastTimestamp": self._date()})

    def _of(self, uid: str) -> _Told:
        told = self._told.setdefault(uid, _Told(Bucket(self._clock, 1 / PERIOD, BURST)))
        self._told.move_to_end(uid)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return told

    def _document(self, event: Event, name: str) -> dict[str, Any]:
        kind, namespace, about = event.about
        involved = {"kind": kind, "namespace": namespace, "name": about, "uid": event.uid, "apiVersion": API_VERSIONS.get(kind, "")}
        return {
            "metadata": {"name": name, "namespace": namespace or "default"},
            "involvedObject": {key: value for key, value in involved.items() if value},
            "reason": event.reason,
            "message": event.message[:LONGEST_MESSAGE],
            "type": "Warning" if event.warning else "Normal",
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "firstTimestamp": self._date(),
            "lastTimestamp": self._date(),
            "count": 1,
        }

    def _date(self) -> str:
        return self._clock.date().strftime("%Y-%m-%dT%H:%M:%SZ")


def _name(event: Event) -> str:
    told = sha256("\0".join([event.uid, event.reason, event.message]).encode()).hexdigest()
    return f"{event.about.name[:200]}.{told[:16]}"
