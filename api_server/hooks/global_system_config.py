"""There is one global system config, made with the database (contract 3.4 global-system-config, 6)."""

from typing_extensions import override

from api_server.errors import BadRequest
from api_server.ipam.numbers import route_targets
from api_server.ipam.pools import range_pool
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction


class GlobalSystemConfig(Hooks):
    """Refuses a second one; the first cannot be deleted, as nothing that bootstrap made can."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        if not tx.privileged:
            raise BadRequest("Only one Global System Config may exist, and it does: default-global-system-config", kind=new.kind.name)

    @override
    async def after_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        before, after = (route_targets(one.properties.get("autonomous_system") or 0) for one in (old, new))
        if before != after:
            await range_pool(tx, after)
