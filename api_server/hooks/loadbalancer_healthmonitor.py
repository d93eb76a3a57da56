"""A load balancer's health monitor says how it monitors, or it is none (contract 2.5, 3.4 loadbalancer family)."""

from typing_extensions import override

from api_server.errors import InvalidProperty
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction

PROPERTIES = "loadbalancer_healthmonitor_properties"


class LoadbalancerHealthmonitor(Hooks):
    """The one property that the server really asks for."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        if not new.properties.get(PROPERTIES):
            raise InvalidProperty("create", [f"{PROPERTIES}: it is missing, a {new.kind.name} needs it"])
