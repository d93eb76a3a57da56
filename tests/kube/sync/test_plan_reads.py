"""What a plan's reads say is what the server's would say after the same writes (B49)."""

from collections.abc import Awaitable
from typing import Any
from uuid import uuid4, uuid5

import hypothesis
import hypothesis.strategies as st
import pytest

import netweave
from kube_sync.reconcile.config import ConfigApi
from kube_sync.rehearsal.calls import Plan
from kube_sync.rehearsal.overlay import Overlay

SPACE = uuid4()
VM, VMI, IIP, VN = "virtual-machine", "virtual-machine-interface", "instance-ip", "virtual-network"
FIELDS = {
    VN: ["annotations", "fabric_snat", "virtual_machine_interface_back_refs", "instance_ip_back_refs"],
    VM: ["annotations", "virtual_machine_interface_back_refs"],
    VMI: ["virtual_machine_interface_mac_addresses", "virtual_network_refs", "instance_ip_back_refs"],
    IIP: ["instance_ip_address", "virtual_network_refs", "virtual_machine_interface_refs"],
}
READ = {
    "uuid",
    "fq_name",
    "to",
    "key_value_pair",
    "key",
    "value",
    "mac_address",
    *(field for fields in FIELDS.values() for field in fields),
}
SIZES = {VN: 2, VM: 2, VMI: 3, IIP: 4}

Document = dict[str, Any]
Object = tuple[str, int]


class World:
    """A project with a few objects of each kind that may or may not exist; which network or machine one has follows from its number."""

    def __init__(self, example: str) -> None:
        self.example = example
        self.project = ["default-domain", f"plan-{example}"]

    def uuid(self, kind: str, number: int) -> str:
        return str(uuid5(SPACE, f"{self.example}/{kind}/{number}"))

    def name(self, kind: str, number: int) -> list[str]:
        own = f"{self.example}-{kind}-{number}"
        return [*self.project, own] if kind in {VN, VMI} else [own]

    def document(self, kind: str, number: int) -> Document:
        parent = {"parent_type": "project"} if kind in {VN, VMI} else {}
        return {"fq_name": self.name(kind, number), "uuid": self.uuid(kind, number), **parent, **self._refs(kind, number)}

    def _refs(self, kind: str, number: int) -> Document:
        network = {"virtual_network_refs": [{"uuid": self.uuid(VN, number % SIZES[VN])}]}
        match kind:
            case "virtual-network":
                subnet = {"subnet": {"ip_prefix": "10.7.0.0", "ip_prefix_len": 29}}
                ipam = {"to": ["default-domain", "default-project", "default-network-ipam"], "attr": {"ipam_subnets": [subnet]}}
                return {"network_ipam_refs": [ipam]}
            case "virtual-machine-interface":
                return network | {"virtual_machine_refs": [{"uuid": self.uuid(VM, number % SIZES[VM])}]}
            case "instance-ip":
                return network | {"virtual_machine_interface_refs": [{"uuid": self.uuid(VMI, number % SIZES[VMI])}]}
        return {}


async def done(api: ConfigApi, world: World, write: tuple[Any, ...]) -> bool:
    """Whether the write was done: which of several faults a refusal tells first may differ between one write and many."""
    action, *objects = write
    try:
        match action:
            case "create":
                await api.create(objects[0][0], world.document(*objects[0]))
            case "delete":
                await api.delete(objects[0][0], world.uuid(*objects[0]))
            case "update":
                marks = {"key_value_pair": [{"key": "mark", "value": str(objects[1])}]}
                await api.update(objects[0][0], world.uuid(*objects[0]), {"annotations": marks})
            case "bulk":
                await api.bulk([{"kind": kind, "operation": "create", "data": world.document(kind, number)} for kind, number in objects[0]])
    except netweave.Refused:
        return False
    return True


async def seen(api: ConfigApi, world: World) -> list[Any]:
    """What all kinds of reads say that the worker makes."""
    told: list[Any] = []
    for kind, fields in FIELDS.items():
        uuids = [world.uuid(kind, number) for number in range(SIZES[kind])]
        names = [world.name(kind, number) for number in range(SIZES[kind])]
        told += [await _answer(api.find(kind, name)) for name in names]
        told += [await _answer(_read(api, kind, uuid)) for uuid in uuids]
        told.append(_plain(await api.list(kind, fq_names=names, fields=fields)))
        told.append(_plain(await api.list(kind, obj_uuids=uuids[:2], fields=fields[:1])))
    for kind, target in ((VMI, VM), (VMI, VN), (IIP, VMI), (IIP, VN)):
        targets = [world.uuid(target, number) for number in range(SIZES[target])]
        told.append(_plain(await api.list(kind, back_ref_id=targets[0], fields=FIELDS[kind])))
        told.append(_plain(await api.list(kind, back_ref_id=targets)))
    project = await api.find("project", world.project)
    told += [_plain(await api.list(kind, parent_id=project, fields=FIELDS[kind])) for kind in (VN, VMI)]
    return told


async def _read(api: ConfigApi, kind: str, uuid: str) -> Document:
    """The fields that were asked for: a server tells some more of a single object."""
    found = await api.read(kind, uuid, FIELDS[kind])
    return {key: value for key, value in found.items() if key in {"uuid", "fq_name", *FIELDS[kind]}}


async def _answer(asked: Awaitable[Any]) -> Any:
    try:
        return _plain(await asked)
    except netweave.NotFound:
        return "not found"


def _plain(told: Any) -> Any:
    """What the worker reads of an answer: no more than it asked for, and nothing in the order of the database."""
    if isinstance(told, dict):
        return {key: _plain(value) for key, value in told.items() if key in READ}
    if isinstance(told, list) and told and isinstance(told[0], dict):
        return sorted((_plain(each) for each in told), key=str)
    return told


objects = st.sampled_from([(kind, number) for kind, size in SIZES.items() for number in range(size)])
writes = st.one_of(
    st.tuples(st.just("create"), objects),
    st.tuples(st.just("delete"), objects),
    st.tuples(st.just("update"), st.sampled_from([(VN, 0), (VN, 1), (VM, 0)]), st.integers(0, 9)),
    st.tuples(st.just("bulk"), st.lists(objects, min_size=1, max_size=4, unique=True)),
)
# Most of the objects are made first, so that there is something to read and to be refused.
ALL: list[tuple[Any, ...]] = [("create", (kind, number)) for kind, size in SIZES.items() for number in range(size)]


@hypothesis.settings(max_examples=8, deadline=None, derandomize=True, phases=[hypothesis.Phase.generate])
@hypothesis.given(there=st.integers(0, len(ALL)), planned=st.integers(0, len(ALL)), more=st.lists(writes, max_size=12))
@pytest.mark.usefixtures("api_url")
async def test_b49_planned_writes_read_as_the_same_writes_done(api_url: str, there: int, planned: int, more: list[tuple[Any, ...]]) -> None:
    world = World(uuid4().hex[:8])
    sequence = [*ALL[there : there + planned], *more]
    async with netweave.AsyncClient(api_url) as api:
        await api.create("project", {"fq_name": world.project, "parent_type": "domain"})
        for write in ALL[:there]:
            await done(api, world, write)
        before = await seen(api, world)
        overlay = Overlay(api, Plan())
        outcomes = [await done(overlay, world, write) for write in sequence]
        expected = await seen(overlay, world)
        assert await seen(api, world) == before

        assert [await done(api, world, write) for write in sequence] == outcomes
        assert await seen(api, world) == expected
