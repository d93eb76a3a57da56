"""Falsy values skip validation (contract 2.5): the rules of special kinds meet them and answer, never with 500."""

from itertools import product
from typing import Any

import pytest

from tests.contract.world import DEFAULT_IPAM, Document, World

FALSY: list[Any] = ["", 0, [], {}, False, [None], [{}], [""], [0]]
PLACES: list[tuple[str, str, list[str]]] = [
    ("virtual-network", "virtual_network_properties", ["vxlan_network_identifier", "forwarding_mode"]),
    ("virtual-network", "provider_properties", ["segmentation_id"]),
    ("virtual-network", "virtual_network_routed_properties", ["routed_properties"]),
    ("virtual-network", "route_target_list", ["route_target"]),
    ("network-ipam", "ipam_subnets", ["subnets"]),
    ("network-ipam", "network_ipam_mgmt", ["ipam_dns_method"]),
    ("virtual-machine-interface", "virtual_machine_interface_mac_addresses", ["mac_address"]),
    ("virtual-machine-interface", "virtual_machine_interface_bindings", ["key_value_pair"]),
    ("virtual-machine-interface", "virtual_machine_interface_properties", ["sub_interface_vlan_tag"]),
    ("virtual-machine-interface", "virtual_machine_interface_allowed_address_pairs", ["allowed_address_pair"]),
    ("service-group", "service_group_firewall_service_list", ["firewall_service"]),
    ("service-instance", "service_instance_properties", ["interface_list"]),
    ("api-access-list", "api_access_list_entries", ["rbac_rule"]),
]
SUBNET_FIELDS = ["subnet", "default_gateway", "dns_server_address", "subnet_uuid", "allocation_pools", "alloc_unit", "addr_from_start"]
EXTRAS: dict[str, Document] = {
    "service-group": {},
    "service-instance": {},
    "api-access-list": {},
    "virtual-network": {"virtual_network_category": "routed"},
    "network-ipam": {"ipam_subnet_method": "flat-subnet"},
    "virtual-machine-interface": {},
}


@pytest.mark.parametrize(("kind", "name", "fields"), PLACES, ids=[name for _, name, _ in PLACES])
async def test_a_falsy_value_never_fails_a_create_or_an_update(world: World, kind: str, name: str, fields: list[str]) -> None:
    network = await world.network("home")
    extra = {**EXTRAS[kind], **({"virtual_network_refs": [{"uuid": network["uuid"]}]} if kind == "virtual-machine-interface" else {})}
    made = await world.create(kind, "steady", **extra)
    values = [*FALSY, *({field: value} for field, value in product(fields, FALSY))]

    for number, value in enumerate(values):
        answers = [await world.post(kind, f"n{number}", **extra, **{name: value}), await world.put(kind, made["uuid"], **{name: value})]
        assert all(answer.status_code in (200, 400) for answer in answers), (value, [answer.text for answer in answers])


@pytest.mark.parametrize("field", ["instance_ip_address", "subnet_uuid", "instance_ip_family", "instance_ip_mode"])
async def test_a_falsy_wish_is_none(world: World, field: str) -> None:
    network = await world.network("a", "10.1.1.0/24")

    for value in FALSY:
        assert (await world.post_address(network, **{field: value})).status_code in (200, 400), value


@pytest.mark.parametrize(
    "field",
    ["subnet", "default_gateway", "dns_server_address", "subnet_uuid", "allocation_pools", "alloc_unit", "addr_from_start", "created"],
)
async def test_a_falsy_field_of_a_subnet_is_left_open_or_refused(world: World, field: str) -> None:
    network = await world.network("a", "10.1.1.0/24")

    for number, value in enumerate(FALSY):
        entry = {"subnet": {"ip_prefix": "10.1.1.0", "ip_prefix_len": 24}, field: value}
        refs = [{"to": DEFAULT_IPAM, "attr": {"ipam_subnets": [entry]}}]
        answers = [
            await world.post("virtual-network", f"n{number}", network_ipam_refs=refs),
            await world.put("virtual-network", network["uuid"], network_ipam_refs=refs),
        ]
        assert all(answer.status_code in (200, 400) for answer in answers), (value, [answer.text for answer in answers])
