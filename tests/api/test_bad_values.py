"""Values of the wrong type, subnets and addresses that cannot be, get a 4xx, and nothing is left behind."""

from typing import Any

import pytest

from tests.api.ground import assert_refused, ground, name_for, network, untouched, world
from tests.contract.world import DEFAULT_IPAM, FAR_AWAY, Document, World, subnet

__all__ = ["ground", "network", "untouched", "world"]


pytestmark = pytest.mark.usefixtures("untouched")

MANY = 10_000
HUGE = 10**30
WRONG: dict[str, list[Any]] = {
    "fq_name": [5, "a:b:c", {"a": 1}, [1, 2, 3], [None], [[]], ["d", "p", 5], ["d", "p", None], ["d", "p", ""], True],
    "parent_type": [5, ["project"], {"a": 1}, "nope", "domain", "virtual-machine"],
    "parent_uuid": [5, "x", ["x"], {"a": 1}, FAR_AWAY, HUGE],
    "uuid": [5, "x", ["x"], FAR_AWAY.upper().replace("0", "A"), "00000000000040008000000000000bad", HUGE, True],
    "id_perms": [5, "x", ["x"], {"enable": "yes"}, {"enable": 5}, {"user_visible": "no"}, {"description": 5}, {"colour": "red"}],
    "perms2": [
        5,
        "x",
        ["x"],
        {"owner": 5},
        {"owner_access": 99},
        {"owner_access": "x"},
        {"global_access": HUGE},
        {"share": 5},
        {"share": [5]},
    ],
    "display_name": [5, ["x"], {"a": 1}, True],
    "annotations": [5, "x", ["x"], {"key_value_pair": 5}, {"key_value_pair": [5]}, {"key_value_pair": [{"key": 5}]}, {"pairs": []}],
    "mtu": [[1], {"a": 1}, 1.5, "1.5", "x", HUGE, -HUGE, -1, True, float(10**300)],
    "is_shared": ["true", 1, [True], {"a": True}],
    "address_allocation_mode": ["nope", 5, ["flat-subnet-only"]],
    "virtual_network_properties": [5, "x", ["x"], {"forwarding_mode": 5}, {"forwarding_mode": "l4"}, {"vxlan_network_identifier": HUGE}],
    "virtual_network_network_id": [77],
    "route_target_list": [
        5,
        {"route_target": 5},
        {"route_target": [5]},
        {"route_target": ["x"]},
        {"route_target": ["target:64512:8000001"]},
    ],
    "mac_limit_control": [{"mac_limit": "x"}, {"mac_limit_action": "sing"}],
    "network_policy_refs": [
        5,
        "x",
        {"a": 1},
        [5],
        [{}],
        [[]],
        [{"to": 5, "attr": None}],
        [{"to": ["x"], "attr": 5}],
        [{"uuid": 5, "attr": None}],
    ],
    "virtual_network_refs": [[{"to": [None]}], [{"to": ["x"], "uuid": HUGE}], [{"uuid": "x"}], [{"attr": None}]],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values], ids=name_for)
async def test_a_value_of_the_wrong_type_is_refused(world: World, name: str, value: Any) -> None:
    assert_refused(await world.post("virtual-network", "a", **{name: value}))


KEPT = ["fq_name", "parent_type", "parent_uuid", "uuid"]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() if name not in KEPT for value in values], ids=name_for
)
async def test_a_value_of_the_wrong_type_is_refused_in_an_update(world: World, network: Document, name: str, value: Any) -> None:
    assert_refused(await world.put("virtual-network", network["uuid"], **{name: value}))
    assert await world.read("virtual-network", network["uuid"]) == network


BAD_SUBNETS: list[Any] = [
    5,
    [],
    {"subnet": 5},
    {"subnet": {"ip_prefix": 5, "ip_prefix_len": 24}},
    {"subnet": {"ip_prefix": "10.0.0.256", "ip_prefix_len": 24}},
    {"subnet": {"ip_prefix": "10.0.0.0"}},
    {"subnet": {"ip_prefix_len": 24}},
    subnet("10.0.0.0/33"),
    subnet("10.0.0.0/-1"),
    subnet(f"10.0.0.0/{HUGE}"),
    subnet("10.0.0.0/31"),
    subnet("10.0.0.0/32"),
    subnet("fd00::/127"),
    subnet("fd00::/129"),
    subnet("10.0.0.0/24", subnet_uuid="x"),
    subnet("10.0.0.0/24", default_gateway="x"),
    subnet("10.0.0.0/24", default_gateway="10.0.1.1"),
    subnet("10.0.0.0/24", default_gateway="fd00::1"),
    subnet("10.0.0.0/24", dns_server_address="x"),
    subnet("10.0.0.0/24", alloc_unit=3),
    subnet("10.0.0.0/24", alloc_unit=-4),
    subnet("10.0.0.0/24", alloc_unit=HUGE),
    subnet("10.0.0.0/24", allocation_pools=5),
    subnet("10.0.0.0/24", allocation_pools=[{"start": "10.0.0.9"}]),
    subnet("10.0.0.0/24", allocation_pools=[{"start": "10.0.0.9", "end": "10.0.0.1"}]),
    subnet("10.0.0.0/24", allocation_pools=[{"start": "10.0.1.1", "end": "10.0.1.9"}]),
    subnet("10.0.0.0/24", allocation_pools=[{"start": "fd00::1", "end": "fd00::9"}]),
    subnet("10.0.0.0/24", colour="red"),
    {},
    {"subnet_name": "no prefix"},
]


@pytest.mark.parametrize("entry", BAD_SUBNETS, ids=name_for)
async def test_a_bad_subnet_is_refused(world: World, entry: Any) -> None:
    refs = [{"to": DEFAULT_IPAM, "attr": {"ipam_subnets": [entry]}}]

    assert_refused(await world.post("virtual-network", "a", network_ipam_refs=refs), 400)


@pytest.mark.parametrize("attr", [None, {}, 5, "x", [], {"ipam_subnets": 5}, {"ipam_subnets": None}, {"host_routes": {}}], ids=name_for)
async def test_a_bad_attribute_of_an_ipam_link_is_refused(world: World, attr: Any) -> None:
    assert_refused(await world.post("virtual-network", "a", network_ipam_refs=[{"to": DEFAULT_IPAM, "attr": attr}]), 400)


@pytest.mark.parametrize("text", ["x", "10.0.0", "10.0.0.0/24", "10.0.0.999", "::g", 5, ["10.0.0.1"], "10.0.0.1\0", " "], ids=name_for)
async def test_a_bad_address_is_refused(world: World, network: Document, text: Any) -> None:
    assert_refused(await world.post_address(network, instance_ip_address=text), 400)


@pytest.mark.parametrize(
    "body",
    [
        {"count": "x"},
        {"count": -1},
        {"count": 1.5},
        {"count": HUGE},
        {"count": MANY},
        {"count": 10**9},
        {"subnet": FAR_AWAY},
        {"subnet": 5},
        {"family": "v5"},
    ],
    ids=name_for,
)
async def test_a_bad_reservation_takes_nothing(world: World, network: Document, body: Document) -> None:
    assert_refused(await world.action(f"virtual-network/{network['uuid']}/ip-alloc", **body))
