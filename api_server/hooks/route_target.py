"""A route target is its name (contract 3.4 route-target)."""

from typing_extensions import override

from api_server.errors import InvalidResource
from api_server.model import route_target
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction


class RouteTarget(Hooks):
    """Refuses a name that says no route target."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        if route_target.RouteTarget.read(new.name) is None:
            raise InvalidResource(new.kind.name, [f"fq_name: {new.name!r:.200} is not target:<asn or IPv4>:<number>"])
