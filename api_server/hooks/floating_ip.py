"""A floating or alias ip holds an address of its pool's network while it lives (contract 3.4 floating-ip, alias-ip)."""

from typing_extensions import override

from api_server.errors import Immutable, InvalidResource
from api_server.ipam.choice import Wish, choose_in_pool
from api_server.ipam.subnet import read_address
from api_server.ipam.subnets import read_network
from api_server.model.resource import Link, Resource
from api_server.transaction import Hooks, Transaction


class FloatingIp(Hooks):
    """Takes an address on create, keeps it, and gives it back on delete; `name` begins the names of the kind's properties."""

    holds_address = True

    def __init__(self, name: str = "floating_ip") -> None:
        self._address, self._family, self._subnets = f"{name}_address", f"{name}_address_family", f"{name}_pool_subnets"

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        assert new.parent is not None
        if not new.refs_to("project") and (project := await tx.end_of("project", new.fq_name[:2])):
            new.refer(project.link)
        # Below an instance-ip the address is the caller's business.
        if new.parent.kind != "instance-ip":
            await self._take(tx, new, new.parent)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        # Null leaves the address (contract 2.7).
        if self._address in old.properties and self._address not in new.properties:
            new.properties[self._address] = old.properties[self._address]
        if old.properties.get(self._address) != new.properties.get(self._address):
            message = f"{self._address} can not be changed from {old.properties.get(self._address)}"
            raise Immutable(self._address, message)

    async def _take(self, tx: Transaction, new: Resource, parent: Link) -> None:
        wish = self._wish(new)
        pool = await tx.get(parent.kind, parent.uuid)
        assert pool.parent is not None
        network = await read_network(tx, pool.parent.uuid)
        assert network is not None
        listed = (pool.properties.get(self._subnets) or {}).get("subnet_uuid") or []
        held = await choose_in_pool(tx, network, listed, wish, new.uuid)
        new.properties[self._address] = str(held.address)

    def _wish(self, new: Resource) -> Wish:
        """IPv4 unless the caller says otherwise, by the family or by the address itself."""
        text = new.properties.get(self._address)
        address = read_address(text)
        if text and address is None:
            raise InvalidResource(new.kind.name, [f"{self._address}: {text!r} is not an address"])
        return Wish(address=address, family=new.properties.get(self._family) or (f"v{address.version}" if address else "v4"))
