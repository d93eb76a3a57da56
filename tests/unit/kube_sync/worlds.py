"""A configuration API and a cluster in memory, as far as the worker sees them, and a worker between them whose minutes a test lets pass."""

# ruff: noqa: ARG002 - the signatures are those of the protocols

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import netweave
from kube_sync.cluster.cache import Caches
from kube_sync.cluster.source import Event
from kube_sync.cluster.watched import Watched
from kube_sync.model.names import Names
from kube_sync.model.objects import Definition, Key, Namespace, Pod, namespace_key
from kube_sync.reconcile.worker import Worker
from kube_sync.settings import Settings
from tests.unit.kube_sync.fakes import FakeClock, settle

Document = dict[str, Any]
Rows = list[Document]
NETWORKS, IP, MACS = "virtual_network_refs", "instance_ip_address", "virtual_machine_interface_mac_addresses"


def refused(kind: type[netweave.Refused], text: str = "no", *, status: int = 409, **facts: Any) -> netweave.Refused:
    return kind(text, status=status, facts=facts)


@dataclass
class FakeConfig:
    """Objects by kind and uuid. `fault` may answer a call with an error, before or (`lost`) after it was done."""

    objects: dict[str, dict[str, Document]] = field(default_factory=dict)
    capacity: dict[str, int] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    selected: Counter[str] = field(default_factory=Counter)  # lists of chosen objects, by kind
    fault: Callable[[str, Any], Exception | None] = lambda *_: None
    lost: Callable[[str, Any], Exception | None] = lambda *_: None
    biggest: int = 0

    def of(self, kind: str) -> dict[str, Document]:
        return self.objects.setdefault(kind, {})

    async def find(self, kind: str, fq_name: Any) -> str:
        await self._called("find", fq_name)
        for uuid, row in self.of(kind).items():
            if row["fq_name"] == list(fq_name):
                return uuid
        raise refused(netweave.NotFound, status=404)

    async def read(self, kind: str, uuid: str, fields: Iterable[str] | None = None) -> Document:
        await self._called("read", uuid)
        if uuid not in self.of(kind):
            raise refused(netweave.NotFound, status=404)
        return deepcopy(self.of(kind)[uuid])

    async def list(self, kind: str, *, page: int | None = None, **selection: Any) -> Rows:
        chosen = {name: list(value) for name, value in selection.items() if name != "fields"}
        self.selected[kind] += bool(chosen)
        await self._called("list", (kind, chosen))
        return [deepcopy(row) for row in self.of(kind).values() if _is_chosen(row, **chosen)]

    async def iterate(self, kind: str, *, page: int, **selection: Any) -> AsyncIterator[Document]:
        for row in await self.list(kind, page=page, **selection):
            yield row

    async def create(self, kind: str, document: Mapping[str, Any]) -> Document:
        await self._called("create", document)
        return self._create(self.objects, kind, dict(document), 0)

    async def update(self, kind: str, uuid: str, document: Mapping[str, Any]) -> Document:
        await self._called("update", document)
        self.of(kind)[uuid].update(document)
        return {}

    async def delete(self, kind: str, uuid: str) -> None:
        await self._called("delete", uuid)
        self._delete(self.objects, kind, uuid, 0)

    async def ref_update(self, kind: str, uuid: str, ref_kind: str, ref_uuid: str | None = None, *, operation: Any) -> None:
        raise AssertionError("not needed here")

    async def bulk(self, entries: Iterable[Mapping[str, Any]], *, fields: Iterable[str] = ()) -> Rows:
        entries = list(entries)
        self.biggest = max(self.biggest, len(entries))
        await self._called("bulk", entries)
        after = deepcopy(self.objects)
        answers: Rows = []
        for index, entry in enumerate(entries):
            if entry["operation"] == "delete":
                self._delete(after, entry["kind"], entry["data"]["uuid"], index)
                answers.append({})
            else:
                answers.append({entry["kind"]: self._create(after, entry["kind"], dict(entry["data"]), index)})
        self.objects = after
        if why := self.lost("bulk", entries):
            raise why
        return answers

    async def watch(self, *kinds: str, fields: Any = None, since: int | None = None) -> AsyncIterator[netweave.Event]:
        raise AssertionError("not needed here")
        yield

    async def _called(self, call: str, about: Any) -> None:
        self.calls[call] += 1
        await asyncio.sleep(0)
        if why := self.fault(call, about):
            raise why

    def _create(self, objects: dict[str, dict[str, Document]], kind: str, row: Document, index: int) -> Document:
        row.setdefault("uuid", f"{kind}-{len(objects.get(kind, {}))}")
        there = objects.setdefault(kind, {})
        for uuid, other in there.items():
            if uuid == row["uuid"] or list(other["fq_name"]) == list(row["fq_name"]):
                raise refused(netweave.AlreadyExists, uuid=uuid, entry={"index": index})
        if kind == "instance-ip":
            network = row[NETWORKS][0]["uuid"]
            taken = {other[IP] for other in there.values() if other[NETWORKS][0]["uuid"] == network}
            free = (f"10.0.0.{at}" for at in range(1, self.capacity.get(network, 10_000) + 1))
            row[IP] = row.get(IP) or next((ip for ip in free if ip not in taken), None)
            if row[IP] is None:
                raise refused(
                    netweave.SubnetExhausted, f"entry {index} (create instance-ip): exhausted", status=400, entry={"index": index}
                )
        elif kind == "virtual-machine-interface":
            row.setdefault(MACS, {"mac_address": [f"02:{row['uuid'][:2]}:00:00:00:00"]})
        there[row["uuid"]] = row
        return deepcopy(row)

    def _delete(self, objects: dict[str, dict[str, Document]], kind: str, uuid: str, index: int) -> None:
        if uuid not in objects.get(kind, {}):
            raise refused(netweave.NotFound, status=404, entry={"index": index})
        if any(_targets(row) & {uuid} for rows in objects.values() for row in rows.values()):
            raise refused(netweave.StillReferenced, entry={"index": index})
        name = objects[kind][uuid]["fq_name"]
        if children := [(kind, row) for kind, rows in objects.items() for row in rows.values() if row["fq_name"][:-1] == name]:
            raise refused(netweave.ChildrenPresent, blocking=[f"http://fake/{kind}/{row['uuid']}" for kind, row in children])
        del objects[kind][uuid]


def _targets(row: Document) -> set[str]:
    return {ref["uuid"] for name, refs in row.items() if name.endswith("_refs") for ref in refs if "uuid" in ref}


def _is_chosen(row: Document, **chosen: list[Any]) -> bool:
    names = [list(name) for name in chosen.get("fq_names", ())]
    return (
        ("fq_names" not in chosen or list(row["fq_name"]) in names)
        and ("obj_uuids" not in chosen or row["uuid"] in chosen["obj_uuids"])
        and ("back_ref_id" not in chosen or bool(_targets(row) & set(chosen["back_ref_id"])))
    )


class FakeCluster:
    """A Source whose objects a test puts and removes; what is published comes back, as from an API server."""

    def __init__(self) -> None:
        self.caches: Caches | None = None
        self.pods: dict[Key, Pod] = {}
        self.told: list[Event] = []
        self.published: Counter[Key] = Counter()
        self.watched: Mapping[str, Watched] = {}

    async def follow(self, caches: Caches) -> None:
        self.caches = caches
        caches.namespaces.replace([Namespace(namespace_key("default"), "uid-of-default", "1")])
        caches.definitions.replace([])
        caches.pods.replace(self.pods.values())
        await asyncio.Event().wait()

    def put(self, *pods: Pod) -> None:
        for pod in pods:
            self.pods[pod.key] = pod
            if self.caches:
                self.caches.pods.put(pod)

    def remove(self, *keys: Key) -> None:
        for key in keys:
            gone = self.pods.pop(key)
            if self.caches:
                self.caches.pods.remove(replace(gone, version="gone"))

    def status(self, name: str) -> str:
        return self.pods[Key("Pod", "default", name)].status

    async def publish(self, pod: Pod, status: str) -> None:
        self.published[pod.key] += 1
        if pod.key in self.pods:
            self.put(replace(self.pods[pod.key], status=status, version=f"{pod.version}+"))

    async def hold(self, definition: Definition) -> None: ...

    async def tell_users(self, definition: Definition, users: str) -> None: ...

    async def release(self, definition: Definition) -> None: ...

    async def tell(self, event: Event) -> None:
        self.told.append(event)

    async def is_gone(self, key: Key, uid: str) -> bool:
        return key not in self.pods

    def is_whole(self) -> bool:
        return True


@dataclass
class FakeWorld:
    """The two, and the clock."""

    config: FakeConfig = field(default_factory=FakeConfig)
    cluster: FakeCluster = field(default_factory=FakeCluster)
    clock: FakeClock = field(default_factory=FakeClock)
    names: Names = field(default_factory=lambda: Names("k8s"))

    @asynccontextmanager
    async def worker(self, workers: int = 2) -> AsyncIterator[Worker]:
        """A worker that runs meanwhile."""
        worker = Worker(self.config, self.cluster, Settings(workers=workers), self.clock, patience=0)
        running = asyncio.create_task(worker.run())
        await self.settled()
        try:
            yield worker
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def settled(self) -> None:
        """Return when nobody can go on without time passing."""
        before: tuple[int, int] | None = None
        while before != (before := (self.config.calls.total(), self.cluster.published.total())):
            for _ in range(10):
                await settle()

    @property
    def default_network(self) -> str:
        return self.names.uuid("default-network")

    def trees(self) -> dict[str, int]:
        """How many objects there are of each kind that pods have."""
        return {kind: len(self.config.of(kind)) for kind in ("virtual-machine", "virtual-machine-interface", "instance-ip")}
