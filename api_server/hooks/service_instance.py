"""A service instance on a physical device has as many interfaces as its template says (contract 3.4 service-instance)."""

from typing import Any

from typing_extensions import override

from api_server.errors import InvalidResource
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction

PROPERTIES, TEMPLATE = "service_instance_properties", "service-template"
PHYSICAL = "physical-device"


class ServiceInstance(Hooks):
    """Counts the interfaces; of other sorts of services the daemons that make them take care."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        await _check(tx, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if _plan(old) != _plan(new):
            await _check(tx, new)


def _plan(one: Resource) -> tuple[int, set[str]]:
    return _count(one, PROPERTIES, "interface_list"), {ref.uuid for ref in one.refs_to(TEMPLATE)}


def _count(one: Resource, name: str, field: str) -> int:
    document: dict[str, Any] = one.properties.get(name) or {}
    return len(document.get(field) or [])


async def _check(tx: Transaction, new: Resource) -> None:
    interfaces = _count(new, PROPERTIES, "interface_list")
    for ref in new.refs_to(TEMPLATE):
        template = await tx.get(TEMPLATE, ref.uuid)
        said = template.properties.get("service_template_properties") or {}
        wanted = _count(template, "service_template_properties", "interface_type")
        if said.get("service_virtualization_type") == PHYSICAL and interfaces != wanted:
            name = f"{PROPERTIES}.interface_list"
            problem = f"{name}: {interfaces} interfaces do not go with the template {':'.join(template.fq_name)}, which has {wanted}"
            raise InvalidResource(new.kind.name, [problem])
