"""Kubernetes Events: one object for what is told again and again, and never a flood of them (4.3)."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import structlog

from kube_sync.clock import Clock
from kube_sync.cluster.api import KubeApi, KubeError, RefusedError
from kube_sync.cluster.source import Event
from kube_sync.instruments import Instruments
from kube_sync.model.objects import API_VERSIONS, NAMESPACE
from kube_sync.pace import Bucket

COMPONENT = "netweave-kube-sync"
BURST, PERIOD = 25.0, 300.0  # of one object: so many at once, then one in so many seconds
FLOOD, RATE = 100.0, 50.0  # of all objects together, as a kubelet allows itself
BACKLOG = 10_000
REMEMBERED = 4096
LONGEST_MESSAGE = 1024  # bytes, the API server's limit

log = structlog.get_logger()


@dataclass
class _Told:
    bucket: Bucket
    counts: dict[str, int] = field(default_factory=dict)


class Recorder:
    """Writes Events; failing to is logged and harms nothing."""

    def __init__(self, api: KubeApi, clock: Clock, instruments: Instruments) -> None:
        self._api = api
        self._counted = instruments.events
        self._clock = clock
        self._told: OrderedDict[str, _Told] = OrderedDict()
        self._bucket = Bucket(clock, RATE, FLOOD)
        self._backlog: dict[bool, OrderedDict[str, Event]] = {True: OrderedDict(), False: OrderedDict()}
        self._postponed = asyncio.Event()
        self._forbidden = False

    async def tell(self, event: Event) -> None:
        """Create the Event or raise its count: now, or where too many are told at once, as soon as `run` may."""
        if not self._of(event.uid).bucket.allow():
            self._leave_out(event, "its object was told enough")
        elif self._is_postponed(event.uid) or not self._bucket.allow():
            self._postpone(event)
        else:
            await self._write(event)

    async def run(self) -> None:
        """Write what was postponed, warnings first, until cancelled."""
        while True:
            await self._postponed.wait()
            await self._clock.sleep(self._bucket.wait())
            await self._write(self._next())

    def _is_postponed(self, uid: str) -> bool:
        return any(uid in waiting for waiting in self._backlog.values())

    def _postpone(self, event: Event) -> None:
        """The last word about an object replaces what it was to be told before; what is too much altogether is left out."""
        for waiting in self._backlog.values():
            waiting.pop(event.uid, None)
        if sum(map(len, self._backlog.values())) >= BACKLOG:
            self._leave_out(event, "too many wait")
            return
        self._backlog[event.warning][event.uid] = event
        self._postponed.set()

    def _leave_out(self, event: Event, why: str) -> None:
        self._counted.labels("left out").inc()
        log.debug("Event left out", about=str(event.about), reason=event.reason, why=why)

    def _next(self) -> Event:
        waiting = self._backlog[True] or self._backlog[False]
        _, event = waiting.popitem(last=False)
        if not any(self._backlog.values()):
            self._postponed.clear()
        return event

    async def _write(self, event: Event) -> None:
        counts, name = self._of(event.uid).counts, _name(event)
        try:
            counts[name] = await self._put(event, name, counts.get(name, 0) + 1)
        except KubeError as why:
            counts.pop(name, None)
            self._failed(event, why)
        else:
            self._forbidden = False
            self._counted.labels("written").inc()

    async def _put(self, event: Event, name: str, count: int) -> int:
        """The count that the Event has now; one that expired meanwhile begins anew, one of a worker before this one goes on."""
        path = f"/api/v1/namespaces/{_home(event)}/events"
        if count > 1:
            try:
                await self._api.patch(f"{path}/{name}", {"count": count, "lastTimestamp": self._date()})
            except RefusedError as why:
                if why.status != 404:
                    raise
            else:
                return count
        try:
            await self._api.create(path, self._document(event, name))
        except RefusedError as why:
            if why.reason != "AlreadyExists":
                raise
            count = 1 + int((await self._api.get(f"{path}/{name}")).get("count") or 1)
            await self._api.patch(f"{path}/{name}", {"count": count, "lastTimestamp": self._date()})
            return count
        return 1

    def _failed(self, event: Event, why: KubeError) -> None:
        """Missing rights are said once, not for every Event."""
        self._counted.labels("failed").inc()
        forbidden = isinstance(why, RefusedError) and why.status == 403
        tell = log.debug if forbidden and self._forbidden else log.warning
        tell("Event not written", about=str(event.about), reason=event.reason, why=str(why))
        self._forbidden = self._forbidden or forbidden

    def _of(self, uid: str) -> _Told:
        told = self._told.setdefault(uid, _Told(Bucket(self._clock, 1 / PERIOD, BURST)))
        self._told.move_to_end(uid)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return told

    def _document(self, event: Event, name: str) -> dict[str, Any]:
        kind, _, about = event.about
        involved = {"kind": kind, "namespace": _namespace(event), "name": about, "uid": event.uid, "apiVersion": API_VERSIONS.get(kind, "")}
        return {
            "metadata": {"name": name, "namespace": _home(event)},
            "involvedObject": {key: value for key, value in involved.items() if value},
            "reason": event.reason,
            "message": _cut(event.message),
            "type": "Warning" if event.warning else "Normal",
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "firstTimestamp": self._date(),
            "lastTimestamp": self._date(),
            "count": 1,
        }

    def _date(self) -> str:
        return self._clock.date().strftime("%Y-%m-%dT%H:%M:%SZ")


def _namespace(event: Event) -> str:
    """The object's, and a Namespace's own: there its owner looks."""
    kind, namespace, name = event.about
    return namespace or (name if kind == NAMESPACE else "")


def _home(event: Event) -> str:
    """Where the Event is kept: beside its object, and in `default` for what is the whole cluster's, as the API server wants it."""
    return _namespace(event) or "default"


def _name(event: Event) -> str:
    told = sha256("\0".join([event.uid, event.reason, event.message]).encode()).hexdigest()
    return f"{event.about.name[:200].rstrip('-.')}.{told[:16]}"


def _cut(message: str) -> str:
    """At most the bytes that are allowed, and no half character."""
    return message.encode()[:LONGEST_MESSAGE].decode(errors="ignore")
