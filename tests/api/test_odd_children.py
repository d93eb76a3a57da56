"""Falsy values skip validation (contract 2.5): the rules of kinds that live below others meet them too, and never answer with 500."""

from itertools import product
from typing import Any

import pytest

from tests.contract.world import Document, World

FALSY: list[Any] = ["", 0, [], {}, False, [None], [{}], [""], [0]]
# The kind, the chain of kinds above it, the property and the fields inside it.
PLACES: list[tuple[str, list[str], str, list[str]]] = [
    ("floating-ip-pool", ["virtual-network"], "floating_ip_pool_subnets", ["subnet_uuid"]),
    ("floating-ip", ["virtual-network", "floating-ip-pool"], "floating_ip_address", []),
    ("floating-ip", ["virtual-network", "floating-ip-pool"], "floating_ip_address_family", []),
    ("floating-ip", ["virtual-network", "floating-ip-pool"], "project_refs", []),
    ("alias-ip", ["virtual-network", "alias-ip-pool"], "alias_ip_address", []),
    ("virtual-DNS", [], "virtual_DNS_data", ["domain_name", "next_virtual_DNS", "default_ttl_seconds", "soa_record"]),
    (
        "virtual-DNS-record",
        ["virtual-DNS"],
        "virtual_DNS_record_data",
        ["record_type", "record_name", "record_data", "record_mx_preference"],
    ),
    ("bgp-router", ["virtual-network", "routing-instance"], "bgp_router_parameters", ["autonomous_system", "local_autonomous_system"]),
    ("bgp-as-a-service", ["project"], "autonomous_system", []),
    ("logical-router", ["project"], "configured_route_target_list", ["route_target"]),
]


async def made(world: World, kind: str, above: list[str], name: str, parent: str, **body: Any) -> Any:
    return await world.api.post(f"/{kind}s", json={kind: {"fq_name": [*above, name], "parent_type": parent, **body}})


async def place_below(world: World, chain: list[str]) -> tuple[list[str], str]:
    """The name and the kind of what the chain ends with, made in the project or, for a chain without one, in the domain."""
    if chain[:1] == ["project"]:
        return world.project, "project"
    above, parent = (world.project, "project") if chain[:1] == ["virtual-network"] else ([world.domain], "domain")
    for kind in chain:
        body = {"network_ipam_refs": SUBNETS} if kind == "virtual-network" else {}
        answer = await made(world, kind, above, f"a-{kind}", parent, **body)
        assert answer.status_code == 200, answer.text
        above, parent = [*above, f"a-{kind}"], kind
    return above, parent


SUBNETS = [
    {
        "to": ["default-domain", "default-project", "default-network-ipam"],
        "attr": {"ipam_subnets": [{"subnet": {"ip_prefix": "10.1.0.0", "ip_prefix_len": 16}}]},
    }
]


@pytest.mark.parametrize(("kind", "chain", "name", "fields"), PLACES, ids=[f"{kind} {name}" for kind, _, name, _ in PLACES])
async def test_a_falsy_value_never_fails_a_create_or_an_update(
    world: World, kind: str, chain: list[str], name: str, fields: list[str]
) -> None:
    above, parent = await place_below(world, chain)
    steady = (await made(world, kind, above, "steady", parent)).json()[kind]
    values = [*FALSY, *({field: value} for field, value in product(fields, FALSY))]

    for number, value in enumerate(values):
        body: Document = {name: value}
        answers = [await made(world, kind, above, f"n{number}", parent, **body), await world.put(kind, steady["uuid"], **body)]
        assert all(answer.status_code in (200, 400, 403) for answer in answers), (value, [answer.text for answer in answers])


@pytest.mark.parametrize("name", ["bgpaas_parameters", "user_defined_log_statistics", "autonomous_system", "enable_4byte_as"])
async def test_a_falsy_value_never_fails_an_update_of_the_system(world: World, name: str) -> None:
    (system,) = await world.listed("global-system-config")
    before = await world.read("global-system-config", system["uuid"])

    answers = [await world.put("global-system-config", system["uuid"], **{name: value}) for value in FALSY]
    await world.update("global-system-config", system["uuid"], **{name: before.get(name)})

    assert all(answer.status_code in (200, 400, 409) for answer in answers), [answer.text for answer in answers]
