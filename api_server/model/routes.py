"""Static routes of route tables and of interfaces (contract 3.4 route-table, interface-route-table)."""

from collections.abc import Iterator
from ipaddress import ip_network

from api_server.model.policy_rules import is_full_name
from api_server.model.resource import Resource
from api_server.model.scalars import shown


def route_problems(one: Resource, name: str) -> Iterator[str]:
    """What is wrong with the routes under this property."""
    for index, route in enumerate((one.properties.get(name) or {}).get("route") or []):
        at = f"{name}.route[{index}]"
        prefix, hop = route.get("prefix"), route.get("next_hop")
        if not _is_prefix(prefix):
            yield f"{at}.prefix: {shown(prefix)} is no prefix as 10.1.0.0/16"
        if route.get("next_hop_type") == "service-instance" and not is_full_name(hop):
            yield f"{at}.next_hop: {shown(hop)} is no service-instance as domain:project:name"


def _is_prefix(text: object) -> bool:
    try:
        ip_network(text if isinstance(text, str) else "", strict=False)
    except ValueError:
        return False
    return "%" not in str(text)
