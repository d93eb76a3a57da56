"""A floating ip pool gives from the subnets that it lists, which its network has (contract 3.4 floating-ip-pool)."""

from typing_extensions import override

from api_server.errors import InvalidResource
from api_server.ipam.subnets import read_network
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction

SUBNETS = "floating_ip_pool_subnets"


class FloatingIpPool(Hooks):
    """Refuses a subnet that is not of the pool's network."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        await _check(tx, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if old.properties.get(SUBNETS) != new.properties.get(SUBNETS):
            await _check(tx, new)


async def _check(tx: Transaction, new: Resource) -> None:
    listed = [uuid for uuid in (new.properties.get(SUBNETS) or {}).get("subnet_uuid") or [] if uuid]
    if not listed:
        return
    assert new.parent is not None
    network = await read_network(tx, new.parent.uuid)
    known = {uuid for one in (*network.own, *network.flat) for uuid in (one.uuid, network.shown_uuid(one))} if network else set()
    name = ":".join(new.parent.fq_name)
    if problems := [f"{SUBNETS}: {uuid} is no subnet of virtual-network {name}" for uuid in listed if uuid not in known]:
        raise InvalidResource(new.kind.name, problems)
