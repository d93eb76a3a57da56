"""The default routing instance of a network is the server's own (contract 3.4 routing-instance)."""

from typing_extensions import override

from api_server.errors import SystemObject
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction

FLAG = "routing_instance_is_default"


class RoutingInstance(Hooks):
    """Refuses callers a default routing instance of their own making, its deletion, and a change of the flag."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        # The one that comes with a network was not asked for by a body.
        if FLAG in new.given and new.properties.get(FLAG):
            _refuse(tx, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if bool(old.properties.get(FLAG)) != bool(new.properties.get(FLAG)):
            _refuse(tx, old)

    @override
    async def before_delete(self, tx: Transaction, old: Resource) -> None:
        along = old.parent is not None and old.parent.uuid in tx.leaving
        if old.properties.get(FLAG) and not along:
            _refuse(tx, old)


def _refuse(tx: Transaction, one: Resource) -> None:
    if not tx.privileged:
        title = "Routing Instance"
        raise SystemObject(title, one.fq_name, one.uuid)
