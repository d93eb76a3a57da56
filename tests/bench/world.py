"""The objects that the figures are taken on, made through the API; and the bodies of the requests."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from tests.bench.connection import Connection

DOMAIN, PROJECT = "default-domain", "bench"
LISTED = 1_000
_SEEDERS = 8


@dataclass(frozen=True, slots=True)
class World:
    """`network` is the one that is read, `crowded` the one that all ports join; the list is of the children of `listing`."""

    network: str
    crowded: str
    listing: str

    @property
    def read(self) -> str:
        return f"/virtual-network/{self.network}"

    @property
    def list(self) -> str:
        return f"/virtual-networks?detail=true&parent_id={self.listing}"


def body(kind: str, **members: Any) -> bytes:
    """A create or an update of that kind."""
    return orjson.dumps({kind: members})


def network(name: str, cidr: str, project: str = PROJECT) -> bytes:
    prefix, length = cidr.split("/")
    subnets = {"ipam_subnets": [{"subnet": {"ip_prefix": prefix, "ip_prefix_len": int(length)}}]}
    ipam = {"to": [DOMAIN, "default-project", "default-network-ipam"], "attr": subnets}
    return body("virtual-network", fq_name=[DOMAIN, project, name], parent_type="project", network_ipam_refs=[ipam])


def port(name: str) -> bytes:
    """A port in the crowded network."""
    return body(
        "virtual-machine-interface",
        fq_name=[DOMAIN, PROJECT, name],
        parent_type="project",
        virtual_network_refs=[{"to": [DOMAIN, PROJECT, "crowded"]}],
    )


def instance_ip(name: str) -> bytes:
    """The address of the port of the same name."""
    return body(
        "instance-ip",
        fq_name=[name],
        virtual_network_refs=[{"to": [DOMAIN, PROJECT, "crowded"]}],
        virtual_machine_interface_refs=[{"to": [DOMAIN, PROJECT, name]}],
    )


def machine(name: str) -> bytes:
    return body("virtual-machine", fq_name=[name])


def address(name: str) -> bytes:
    """An address of the crowded network, of no port."""
    return body("instance-ip", fq_name=[name], virtual_network_refs=[{"to": [DOMAIN, PROJECT, "crowded"]}])


# What is created one by one and many at once: the objects of one such thing.
SORTS: dict[str, Callable[[str], list[bytes]]] = {
    "machines": lambda name: [machine(name)],
    "networks with a subnet": lambda name: [network(name, "10.1.0.0/24")],
    "ports": lambda name: [port(name)],
    "instance-ips": lambda name: [address(name)],
    "objects of pods": lambda name: [machine(name), port(name), instance_ip(name)],
}


def kind_of(document: bytes) -> bytes:
    """The key around a body."""
    return document[2 : document.index(b'":')]


def many(documents: Iterable[bytes]) -> bytes:
    """The body that creates them all in one request."""
    entries = (b'{"kind":"%s","data":%s}' % (kind_of(one), one[one.index(b'":') + 2 : -1]) for one in documents)
    return b'{"resources":[%s]}' % b",".join(entries)


async def create(connection: Connection, kind: str, document: bytes) -> str:
    """POST it; its uuid."""
    uuid: str = orjson.loads(await connection.ask("POST", f"/{kind}s", document))[kind]["uuid"]
    return uuid


async def populate(url: str, listed: int = LISTED) -> World:
    """Two projects: one with the networks that are read and joined, one with those that are listed."""
    connection = await Connection.open(url)
    listing = f"{PROJECT}-list"
    await create(connection, "project", body("project", fq_name=[DOMAIN, PROJECT], parent_type="domain"))
    project = await create(connection, "project", body("project", fq_name=[DOMAIN, listing], parent_type="domain"))
    read = await create(connection, "virtual-network", network("read", "192.168.0.0/24"))
    crowded = await create(connection, "virtual-network", network("crowded", "10.0.0.0/8"))
    await connection.close()
    names = iter([network(f"net-{number}", "172.16.0.0/24", listing) for number in range(listed)])
    await asyncio.gather(*(_create_each(url, names) for _ in range(_SEEDERS)))
    return World(read, crowded, project)


async def _create_each(url: str, networks: Iterable[bytes]) -> None:
    connection = await Connection.open(url)
    for document in networks:
        await create(connection, "virtual-network", document)
    await connection.close()
