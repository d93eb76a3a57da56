"""What others do in the configuration API, heard as it happens, so that nobody waits for a timer (4.1, 9.4)."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

import netweave
from kube_sync.clock import Clock
from kube_sync.model.entries import ADDRESS, INTERFACE, MACHINE
from kube_sync.model.names import FqName, Names, annotations_of
from kube_sync.model.objects import DEFINITION, POD, Key
from kube_sync.reconcile.config import ConfigApi, Stream
from kube_sync.reconcile.networks import IPAM, NETWORK
from kube_sync.reconcile.own import Own

NAMED, HELD = [NETWORK, IPAM], [MACHINE, INTERFACE, ADDRESS]
# Of a pod's objects only that they went matters, and that is told by uuid alone.
FIELDS = {kind: ["annotations"] for kind in NAMED} | {kind: ["display_name"] for kind in HELD}
GATHER = 0.5  # what goes together is asked for together
PAUSE, LONG_PAUSE = 5.0, 300.0

log = structlog.get_logger()


class Listener(Protocol):
    """Who is told, in terms of what waits and what can be repaired."""

    def freed(self, networks: list[str]) -> None:
        """An address was freed in each of these networks, by uuid, or something happened to a network or IPAM of that name."""
        ...

    def named(self, name: str) -> None:
        """A network or IPAM of that name came, or went."""
        ...

    def repair(self, key: Key) -> None:
        """Something that was made for this object is not as it was."""
        ...

    def missed(self) -> None:
        """Something may have happened that nobody told of."""
        ...


@dataclass(frozen=True)
class Known:
    """A network or IPAM that is there."""

    fq_name: FqName
    key: Key | None  # of whom it was made for

    @property
    def name(self) -> str:
        """As refusals name it."""
        return ":".join(self.fq_name)


class News:
    """Follows the stream of changes from now on. Where there is none, or it may not be read, everybody keeps their timers."""

    def __init__(self, api: ConfigApi, stream: Stream | None, names: Names, clock: Clock, own: Own, listener: Listener) -> None:
        self._api = api
        self._stream = stream
        self._names = names
        self._clock = clock
        self._own = own
        self._listener = listener
        self._since: int | None = None
        self._known: dict[str, Known] = {}
        self._gone: dict[str, int] = {}  # uuids that others deleted, and the position of that
        self._told = asyncio.Event()
        self.hears = False

    async def begin(self) -> None:
        """From now on nothing is missed. Where that cannot be promised yet, all that wait are looked at again once it can."""
        if self._stream is not None:
            with suppress(netweave.VncError):
                self._since = await self._begin(self._stream)

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[None]:
        """Hear meanwhile; a worker that does not hear is slower, and otherwise the same."""
        hearing = [self._listen(self._stream), self._explain(self._stream)] if self._stream else []
        tasks = [asyncio.create_task(each) for each in hearing]
        for each in tasks:
            each.add_done_callback(lambda task: None if task.cancelled() else log.error("hears no more", exc_info=task.exception()))
        try:
            yield
        finally:
            self.hears = False
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, stream: Stream) -> None:
        while True:
            pause = PAUSE
            try:
                if self._since is None:
                    self._since = await self._begin(stream)
                    self._listener.missed()
                self.hears = True
                async for event in stream.watch(*NAMED, *HELD, fields=FIELDS, since=self._since, anew=False):
                    self._since = event.position or self._since
                    self._hear(event)
            except netweave.Forgotten:
                self._since = None
            except (netweave.Unreachable, netweave.Unavailable) as why:
                log.warning("changes of the configuration API are not heard", why=str(why))
            except netweave.VncError as why:
                self._since, pause = None, LONG_PAUSE
                log.warning("changes of the configuration API cannot be heard, timers stand in for them", why=str(why))
            if self.hears:
                self.hears = False
                self._listener.missed()
            await self._clock.sleep(pause)

    async def _begin(self, stream: Stream) -> int:
        """The position of the last change; what was there then is known when this returns."""
        newest = [change["position"] async for change in stream.changes(limit=1, newest_first=True)]
        rows = {kind: await self._api.list(kind, fields=["annotations"], page=1000) for kind in NAMED}
        self._known = {str(row["uuid"]): self._knowledge(row) for found in rows.values() for row in found}
        return int(newest[0]) if newest else 0

    def _hear(self, event: netweave.Event) -> None:
        if event.name == "init":
            return
        uuid = str(event.document["uuid"])
        if event.kind in NAMED:
            self._hear_of_network(event, uuid)
        elif event.name == "delete" and not self._own.take(uuid):
            self._gone[uuid] = event.position or 0
            self._told.set()

    def _hear_of_network(self, event: netweave.Event, uuid: str) -> None:
        before = self._known.pop(uuid, None)
        now = None if event.name == "delete" else self._knowledge(event.document)
        if now is not None:
            self._known[uuid] = now
        for known in filter(None, (before, now)):
            if before is None or now is None:
                self._listener.named(known.name)
            # A network that came or went, addresses of another subnet: whoever is looking just now must look again.
            self._listener.freed([known.name, uuid])
        if before and before.key and not self._own.take(uuid):
            self._listener.repair(before.key)

    def _knowledge(self, row: Mapping[str, Any]) -> Known:
        return Known(tuple(row["fq_name"]), self._key(row, DEFINITION))

    async def _explain(self, stream: Stream) -> None:
        """Find out whose the objects were that others deleted."""
        while True:
            await self._told.wait()
            await self._clock.sleep(GATHER)
            self._told.clear()
            gone, self._gone = self._gone, {}
            try:
                await self._explain_all(stream, gone)
            except netweave.VncError as why:
                log.warning("who lost objects is not known", count=len(gone), why=str(why))
                self._listener.missed()

    async def _explain_all(self, stream: Stream, gone: Mapping[str, int]) -> None:
        freed: list[str] = []
        keys: dict[Key, None] = {}
        interfaces: dict[str, None] = {}
        async for kind, before in _before(stream, gone):
            if kind == ADDRESS:
                freed += _targets(before, "virtual_network_refs")
                interfaces |= dict.fromkeys(_targets(before, "virtual_machine_interface_refs"))
            elif key := self._key(before, POD):
                keys[key] = None
        if interfaces:
            rows = await self._api.list(INTERFACE, obj_uuids=list(interfaces), fields=["annotations"])
            keys |= dict.fromkeys(key for row in rows if (key := self._key(row, POD)))
        # Who lost an address is queued before those who wait for one.
        for key in keys:
            self._listener.repair(key)
        self._listener.freed(freed)

    def _key(self, row: Mapping[str, Any], kind: str) -> Key | None:
        marks = annotations_of(row)
        ours = self._names.owns(row) and marks.get("kind") == kind and {"namespace", "name"} <= marks.keys()
        return Key(kind, marks["namespace"], marks["name"]) if ours else None


def _targets(row: Mapping[str, Any], refs: str) -> Iterable[str]:
    return [str(ref["uuid"]) for ref in row.get(refs) or ()]


async def _before(stream: Stream, gone: Mapping[str, int]) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """The kind of each object that went, and what it was."""
    first, last = min(gone.values()), max(gone.values())
    async for change in stream.changes(kind=HELD, after=first - 1, before=last + 1):
        if change["uuid"] in gone and change["operation"] == "DELETE" and change["before"]:
            yield change["kind"], change["before"]
