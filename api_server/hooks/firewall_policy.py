"""A firewall policy puts rules in an order; one for all projects has no rule of a single project (contract 3.4 firewall family)."""

from typing_extensions import override

from api_server.model.resource import Resource
from api_server.store.scopes import refuse_refs_into_projects
from api_server.transaction import Hooks, Transaction


class FirewallPolicy(Hooks):
    """Refuses refs out of the scope."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        await refuse_refs_into_projects(tx, None, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        await refuse_refs_into_projects(tx, old, new)
