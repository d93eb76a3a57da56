"""A BGP router is in an AS of the size that the system takes (contract 3.4 bgp-router)."""

from typing_extensions import override

from api_server.ipam.system import refuse_four_bytes
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction

PARAMETERS = "bgp_router_parameters"


class BgpRouter(Hooks):
    """Refuses AS numbers of four bytes where the system takes two."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        await refuse_four_bytes(tx, new.kind.name, _numbers(new))

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if (numbers := _numbers(new)) != _numbers(old):
            await refuse_four_bytes(tx, new.kind.name, numbers)


def _numbers(one: Resource) -> dict[str, object]:
    parameters = one.properties.get(PARAMETERS) or {}
    return {f"{PARAMETERS}.{name}": parameters.get(name) for name in ("autonomous_system", "local_autonomous_system")}
