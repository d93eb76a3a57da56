"""A BGP service for tenants is in an AS of the size that the system takes, and holds the system's ports (contract 3.4)."""

from typing_extensions import override

from api_server.ipam.system import hold_system, refuse_four_bytes
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction

NUMBER = "autonomous_system"


class BgpAsAService(Hooks):
    """Refuses AS numbers of four bytes where the system takes two; the range of ports does not shrink while one is made."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        await hold_system(tx)
        await refuse_four_bytes(tx, new.kind.name, {NUMBER: new.properties.get(NUMBER)})

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if old.properties.get(NUMBER) != new.properties.get(NUMBER):
            await refuse_four_bytes(tx, new.kind.name, {NUMBER: new.properties.get(NUMBER)})
