"""Kubernetes Events: one object for what is told again and again, and never a flood of them (4.3)."""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import structlog

from kube_sync.clock import Clock
from kube_sync.cluster.api import KubeApi, RefusedError
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

LAST, LAST_WORDS = 100, 5.0  # of what still waits when the worker ends: so many, in so many seconds

log = structlog.get_logger()


@dataclass
class _Told:
    bucket: Bucket
    counts: dict[str, int] = field(default_factory=dict)


class Recorder:
    """Writes Events, and makes nobody wait for that; failing to is logged and harms nothing."""

    def __init__(self, api: KubeApi, clock: Clock, instruments: Instruments) -> None:
        self._api = api
        self._counted = instruments.events
        self._clock = clock
        self._told: OrderedDict[str, _Told] = OrderedDict()
        self._bucket = Bucket(clock, RATE, FLOOD)
        self._backlog: dict[bool, OrderedDict[tuple[str, str], tuple[Event, str]]] = {True: OrderedDict(), False: OrderedDict()}
        self._arrived = asyncio.Event()
        self._running = False
        self._forbidden = False

    async def tell(self, event: Event) -> None:
        """Have the Event created or its count raised, by `run` where that is running."""
        if not self._of(event.uid).bucket.allow():
            self._leave_out(event, "its object was told enough")
        elif not self._running:
            await self._write(event, self._date())
        elif sum(map(len, self._backlog.values())) >= BACKLOG:
            self._leave_out(event, "too many wait")
        else:
            # The last word about an object replaces what it was to be told before for the same reason.
            self._backlog[event.warning][event.uid, event.reason] = event, self._date()
            self._arrived.set()

    async def run(self) -> None:
        """Write what is told, warnings first, until cancelled; of what waits then, the first few."""
        self._running = True
        try:
            while True:
                await self._arrived.wait()
                if pause := self._bucket.wait():
                    await self._clock.sleep(pause)
                event, at = self._next()
                try:
                    await self._write(event, at)
                except asyncio.CancelledError:
                    # It may have been written: then its count is raised, which is better than a word that is lost.
                    self._backlog[event.warning][event.uid, event.reason] = event, at
                    raise
        finally:
            self._running = False
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS):
                    for _ in range(min(LAST, sum(map(len, self._backlog.values())))):
                        await self._write(*self._next())

    def _next(self) -> tuple[Event, str]:
        waiting = self._backlog[True] or self._backlog[False]
        _, told = waiting.popitem(last=False)
        if not any(self._backlog.values()):
            self._arrived.clear()
        return told

    def _leave_out(self, event: Event, why: str) -> None:
        self._counted.labels("left out").inc()
        log.debug("Event left out", about=str(event.about), reason=event.reason, why=why)

    async def _write(self, event: Event, at: str) -> None:
        counts, name = self._of(event.uid).counts, _name(event)
        try:
            counts[name] = await self._put(_document(event, name, at), counts.get(name, 0) + 1)
        except Exception as why:  # noqa: BLE001 - whatever it is, no Event is worth a worker
            counts.pop(name, None)
            self._failed(event, why)
        else:
            self._forbidden = False
            self._counted.labels("written").inc()

    async def _put(self, document: dict[str, Any], count: int) -> int:
        """The count that the Event has now; one that expired meanwhile begins anew, one of a worker before this one goes on."""
        name, again = document["metadata"]["name"], {"lastTimestamp": document["lastTimestamp"]}
        path = f"/api/v1/namespaces/{document['metadata']['namespace']}/events"
        if count > 1:
            try:
                await self._api.patch(f"{path}/{name}", {"count": count, **again})
            except RefusedError as why:
                if why.status != 404:
                    raise
            else:
                return count
        try:
            await self._api.create(path, document)
        except RefusedError as why:
            if why.reason != "AlreadyExists":
                raise
            count = 1 + int((await self._api.get(f"{path}/{name}")).get("count") or 1)
            await self._api.patch(f"{path}/{name}", {"count": count, **again})
            return count
        return 1

    def _failed(self, event: Event, why: Exception) -> None:
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

    def _date(self) -> str:
        return self._clock.date().strftime("%Y-%m-%dT%H:%M:%SZ")


def _document(event: Event, name: str, at: str) -> dict[str, Any]:
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
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }


def _namespace(event: Event) -> str:
    """The object's, and a Namespace's own: there its owner looks."""
    kind, namespace, name = event.about
    return namespace or (name if kind == NAMESPACE and not event.aside else "")


def _home(event: Event) -> str:
    """Where the Event is kept: beside its object, and in `default` for what is the whole cluster's, as the API server wants it."""
    return _namespace(event) or "default"


def _name(event: Event) -> str:
    told = sha256("\0".join([event.uid, event.reason, event.message]).encode(errors="replace")).hexdigest()
    return f"{event.about.name[:200].rstrip('-.')}.{told[:16]}"


def _cut(message: str) -> str:
    """At most the bytes that are allowed, and no half character."""
    return message.encode(errors="replace")[:LONGEST_MESSAGE].decode(errors="ignore")
