"""The objects that figures are taken on, and the bodies that make them: of a name, or of the token that a load puts names for."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import orjson

from tests.bench.connection import Connection

Document = dict[str, Any]

DOMAIN, PROJECT, CROWDED = "default-domain", "bench", "crowded"
TOGETHER = 1_000
# Of the size of a port that an orchestrator makes: 1.1 kB.
NOTES = {"key_value_pair": [{"key": f"io.example/{number}", "value": "x" * 40} for number in range(11)]}


def body(kind: str, **members: Any) -> Document:
    """A create or an update of that kind."""
    return {kind: members}


def project(name: str, **members: Any) -> Document:
    return body("project", fq_name=[DOMAIN, name], parent_type="domain", **members)


def network(name: str, cidr: str = "10.1.0.0/24", below: str = PROJECT, **members: Any) -> Document:
    prefix, length = cidr.split("/")
    subnets = {"ipam_subnets": [{"subnet": {"ip_prefix": prefix, "ip_prefix_len": int(length)}}]}
    ipam = {"to": [DOMAIN, "default-project", "default-network-ipam"], "attr": subnets}
    return body("virtual-network", fq_name=[DOMAIN, below, name], parent_type="project", network_ipam_refs=[ipam], **members)


def port(name: str, net: str = CROWDED, below: str = PROJECT, **members: Any) -> Document:
    refs = [{"to": [DOMAIN, below, net]}]
    return body("virtual-machine-interface", fq_name=[DOMAIN, below, name], parent_type="project", virtual_network_refs=refs, **members)


def large_port(name: str) -> Document:
    """A port that says as much as an orchestrator's."""
    return port(name, virtual_machine_interface_device_owner="compute:nova", annotations=NOTES)


def instance_ip(name: str, net: str = CROWDED, below: str = PROJECT, **members: Any) -> Document:
    """The address of the port of the same name."""
    return address(name, net, below, virtual_machine_interface_refs=[{"to": [DOMAIN, below, name]}], **members)


def address(name: str, net: str = CROWDED, below: str = PROJECT, **members: Any) -> Document:
    """An address of no port."""
    return body("instance-ip", fq_name=[name], virtual_network_refs=[{"to": [DOMAIN, below, net]}], **members)


def machine(name: str, **members: Any) -> Document:
    return body("virtual-machine", fq_name=[name], **members)


# What is created one by one and many at once: the objects of one such thing.
SORTS: dict[str, Callable[[str], list[Document]]] = {
    "machines": lambda name: [machine(name)],
    "networks with a subnet": lambda name: [network(name)],
    "ports": lambda name: [port(name)],
    "instance-ips": lambda name: [address(name)],
    "objects of pods": lambda name: [machine(name), port(name), instance_ip(name)],
}


def kind_of(document: Document) -> str:
    return next(iter(document))


def many(documents: Iterable[Document]) -> Document:
    """The body that creates them all in one request."""
    return {"resources": [{"kind": kind, "data": members} for document in documents for kind, members in document.items()]}


async def create(connection: Connection, document: Document) -> str:
    """POST it; its uuid."""
    kind = kind_of(document)
    uuid: str = orjson.loads(await connection.ask("POST", f"/{kind}s", orjson.dumps(document)))[kind]["uuid"]
    return uuid


async def make(url: str, documents: Iterable[Document]) -> None:
    """Create them, many at once."""
    connection = await Connection.open(url)
    waiting = iter(documents)
    while some := list(islice(waiting, TOGETHER)):
        await connection.ask("POST", "/v2/bulk", orjson.dumps(many(some)))
    await connection.close()


async def remove(url: str, kind: str, uuids: Iterable[str]) -> None:
    """Delete them, many at once."""
    connection = await Connection.open(url)
    waiting = iter(uuids)
    while some := list(islice(waiting, TOGETHER)):
        entries = [{"kind": kind, "operation": "delete", "data": {"uuid": uuid}} for uuid in some]
        await connection.ask("POST", "/v2/bulk", orjson.dumps({"resources": entries}))
    await connection.close()


async def furnish(url: str) -> None:
    """What every group starts from: a project, and in it the network that all ports join."""
    connection = await Connection.open(url)
    await create(connection, project(PROJECT))
    await create(connection, network(CROWDED, "10.0.0.0/8"))
    await connection.close()
