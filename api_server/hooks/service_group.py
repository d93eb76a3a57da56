"""A service group knows the numbers of its protocols, as a firewall rule does (contract 3.4 firewall family)."""

from typing_extensions import override

from api_server.errors import InvalidResource
from api_server.model.protocols import with_protocol_number
from api_server.model.resource import Resource
from api_server.store.scopes import refuse_refs_into_projects
from api_server.transaction import Hooks, Transaction

SERVICES, ELEMENT = "service_group_firewall_service_list", "firewall_service"


class ServiceGroup(Hooks):
    """Puts `protocol_id` beside each protocol, and refuses what is none."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        _number(new)
        await refuse_refs_into_projects(tx, None, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if old.properties.get(SERVICES) != new.properties.get(SERVICES):
            _number(new)
        await refuse_refs_into_projects(tx, old, new)


def _number(new: Resource) -> None:
    document = new.properties.get(SERVICES) or {}
    services, problems = [], []
    for index, one in enumerate(document.get(ELEMENT) or []):
        service, wrong = with_protocol_number(one, f"{SERVICES}.{ELEMENT}[{index}]")
        services.append(service)
        problems += wrong
    if problems:
        raise InvalidResource(new.kind.name, problems)
    if services:
        new.properties[SERVICES] = {**document, ELEMENT: services}
