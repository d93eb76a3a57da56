"""Route tables of networks and of interfaces: prefixes and next hops (contract 3.4 route-table, interface-route-table)."""

from typing_extensions import override

from api_server.errors import InvalidResource
from api_server.model.resource import Resource
from api_server.model.routes import route_problems
from api_server.transaction import Hooks, Transaction


class RouteTable(Hooks):
    """Checks the routes, which each of the two kinds has under a name of its own."""

    def __init__(self, routes: str = "routes") -> None:
        self._routes = routes

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        if problems := list(route_problems(new, self._routes)):
            raise InvalidResource(new.kind.name, problems)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        # A table from before routes were checked may still be given another name.
        if old.properties.get(self._routes) != new.properties.get(self._routes):
            await self.before_create(tx, new)
