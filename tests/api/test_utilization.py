"""`/v2/ipam`: how full subnets are, and what each address of one is."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.world import FAR_AWAY, Document, World, subnet, subnets_of

FIGURES = ("total", "used", "reserved", "free", "outside")


async def usage(world: World, **query: Any) -> Document:
    answer = await world.api.get("/v2/ipam/utilization", params=query)
    assert answer.status_code == 200, answer.text
    document: Document = answer.json()
    return document


def figures(row: Document) -> tuple[int, ...]:
    return tuple(row[name] for name in FIGURES)


async def of_network(world: World, network: Document) -> list[tuple[int, ...]]:
    return [figures(row) for row in (await usage(world, network=network["uuid"]))["rows"]]


async def test_a_fresh_24_keeps_four_addresses_for_itself(world: World) -> None:
    network = await world.network("blue", "10.0.0.0/24")

    (row,) = (await usage(world, network=network["uuid"]))["rows"]

    assert row == {
        "subnet": subnets_of(network)[0]["subnet_uuid"],
        "cidr": "10.0.0.0/24",
        "family": "v4",
        "owner": {"kind": "virtual-network", "uuid": network["uuid"], "fq_name": network["fq_name"]},
        "project": world.project_id,
        "total": 256,
        "used": 0,
        "reserved": 4,
        "free": 252,
        "outside": 0,
    }


async def test_objects_are_used_reservations_are_reserved_and_both_come_back(world: World) -> None:
    network = await world.network("blue", "10.0.0.0/24")
    path = f"virtual-network/{network['uuid']}"
    holder = await world.address(network)
    taken = (await world.action(f"{path}/ip-alloc", count=3)).json()["ip_addr"]

    held = await of_network(world, network)
    await world.action(f"{path}/ip-free", ip_addr=taken)
    await world.delete("instance-ip", holder["uuid"])

    assert held == [(256, 1, 7, 248, 0)]
    assert await of_network(world, network) == [(256, 0, 4, 252, 0)]


async def test_an_object_outside_the_pools_takes_nothing_of_them(world: World) -> None:
    pools = [{"start": "10.0.0.10", "end": "10.0.0.19"}, {"start": "10.0.0.250", "end": "10.0.0.254"}]
    network = await world.network("blue", subnet("10.0.0.0/24", allocation_pools=pools))
    await world.address(network)
    await world.address(network, instance_ip_address="10.0.0.100")

    assert await of_network(world, network) == [(15, 2, 2, 12, 1)]


async def test_a_block_counts_all_its_addresses(world: World) -> None:
    network = await world.network("blue", subnet("10.0.0.0/24", alloc_unit=4))
    await world.address(network)

    assert await of_network(world, network) == [(256, 4, 8, 244, 0)]


async def test_exhaustion_is_a_free_of_none(world: World) -> None:
    network = await world.network("blue", "10.0.0.0/29")
    for _ in range(4):
        await world.address(network)

    assert await of_network(world, network) == [(8, 4, 4, 0, 0)]
    assert (await world.post_address(network)).status_code == 400


async def test_families_are_told_apart_and_a_64_is_counted_exactly(world: World) -> None:
    network = await world.network("blue", "10.0.0.0/8", "2001:db8::/64")
    await world.address(network, instance_ip_family="v6")

    totals = (await usage(world, network=network["uuid"]))["totals"]

    assert totals == {
        "subnets": 2,
        "v4": dict(zip(FIGURES, (2**24, 0, 4, 2**24 - 4, 0), strict=True)),
        "v6": dict(zip(FIGURES, (2**64, 1, 4, 2**64 - 5, 0), strict=True)),
    }


async def test_networks_and_projects_are_summed_up(world: World) -> None:
    one = await world.network("a", "10.0.0.0/24", "10.1.0.0/24")
    other = await world.network("b", "10.0.0.0/24", "2001:db8::/120")
    await world.address(one)

    networks, projects = [await usage(world, project=world.project_id, by=by) for by in ("network", "project")]

    assert [(row["owner"]["uuid"], row["subnets"], figures(row["v4"])) for row in networks["rows"]] == [
        (one["uuid"], 2, (512, 1, 8, 503, 0)),
        (other["uuid"], 2, (256, 0, 4, 252, 0)),
    ]
    assert ["v6" in row for row in networks["rows"]] == [False, True]
    (project,) = projects["rows"]
    assert (project["project"], project["fq_name"], project["subnets"]) == (world.project_id, world.project, 4)
    assert {**project["v4"]} == projects["totals"]["v4"] == networks["totals"]["v4"]
    assert figures(project["v4"]) == (768, 1, 12, 755, 0)


async def test_a_flat_ipam_is_shown_for_each_network_that_uses_it(world: World) -> None:
    subnets = {"subnets": [subnet("10.5.0.0/24")]}
    ipam = await world.create("network-ipam", "flat", ipam_subnet_method="flat-subnet", ipam_subnets=subnets)
    refs = [{"to": ipam["fq_name"], "attr": {"ipam_subnets": []}}]
    l3 = {"forwarding_mode": "l3"}
    networks = [await world.create("virtual-network", name, virtual_network_properties=l3, network_ipam_refs=refs) for name in "ab"]
    await world.address(networks[0])

    shown = [(await usage(world, network=network["uuid"]))["rows"] for network in networks]

    assert shown[0] == shown[1]
    assert (shown[0][0]["owner"]["uuid"], figures(shown[0][0])) == (ipam["uuid"], (256, 1, 4, 251, 0))


async def test_rows_come_in_parts_and_totals_are_of_all(world: World) -> None:
    for number in range(3):
        await world.network(f"net-{number}", "10.0.0.0/24")

    first, last = [await usage(world, project=world.project_id, limit=2, offset=offset) for offset in (0, 2)]

    assert [row["owner"]["fq_name"][-1] for row in [*first["rows"], *last["rows"]]] == ["net-0", "net-1", "net-2"]
    assert (first["more"], last["more"], first["totals"], first["totals"]["subnets"]) == (True, False, last["totals"], 3)


async def test_one_subnet_is_shown_alone_and_a_network_without_any_is_empty(world: World) -> None:
    network, bare = await world.network("a", "10.0.0.0/24", "10.1.0.0/24"), await world.network("b")

    (row,) = (await usage(world, subnet=subnets_of(network)[1]["subnet_uuid"]))["rows"]

    assert row["cidr"] == "10.1.0.0/24"
    assert await usage(world, network=bare["uuid"]) == {"by": "subnet", "rows": [], "totals": {"subnets": 0}, "more": False}


@pytest.mark.parametrize("name", ["network", "project", "subnet"])
async def test_what_is_not_there_is_404(api: httpx.AsyncClient, name: str) -> None:
    assert (await api.get("/v2/ipam/utilization", params={name: FAR_AWAY})).status_code == 404


@pytest.mark.parametrize("query", [{"network": "blue"}, {"by": "pod"}, {"limit": "0"}, {"limit": "10001"}, {"offset": "-1"}], ids=str)
async def test_a_query_that_is_none_is_refused(api: httpx.AsyncClient, query: dict[str, str]) -> None:
    answer = await api.get("/v2/ipam/utilization", params=query)

    assert answer.status_code == 400
    assert next(iter(query)) in answer.text


# --- the map ---


async def mapped(world: World, network: Document, **query: Any) -> Document:
    answer = await world.api.get(f"/v2/ipam/subnets/{subnets_of(network)[0]['subnet_uuid']}/map", params=query)
    assert answer.status_code == 200, answer.text
    document: Document = answer.json()
    return document


async def test_a_small_subnet_has_a_cell_for_each_address(world: World) -> None:
    pools = [{"start": "10.0.0.4", "end": "10.0.0.14"}]
    network = await world.network("blue", subnet("10.0.0.0/28", allocation_pools=pools))
    holder = await world.address(network, instance_ip_address="10.0.0.7")
    await world.action(f"virtual-network/{network['uuid']}/ip-alloc", count=1)

    found = await mapped(world, network)

    assert [cell["address"] for cell in found["cells"]] == [f"10.0.0.{number}" for number in range(16)]
    states = ["network", *["outside"] * 3, *["free"] * 3, "instance-ip", *["free"] * 4, "reserved", "service", "gateway", "broadcast"]
    assert [cell["state"] for cell in found["cells"]] == states
    assert found["cells"][7]["holder"] == {"kind": "instance-ip", "uuid": holder["uuid"], "fq_name": holder["fq_name"]}
    assert found["cells"][12]["holder"]["uuid"] == found["owner"]["uuid"] == network["uuid"]
    assert (found["gateway"], found["service_address"], found["next"]) == ("10.0.0.14", "10.0.0.13", None)
    assert found["pools"] == [{"start": "10.0.0.4", "end": "10.0.0.14", "for_routers": False}]


async def test_each_kind_of_holder_is_told(world: World) -> None:
    network = await world.network("blue", "10.0.0.0/29", router_external=True)
    for kind in ("floating-ip", "alias-ip"):
        pool = await world.create(f"{kind}-pool", "pool", fq_name=[*network["fq_name"], "pool"], parent_type="virtual-network")
        body = {"fq_name": [*pool["fq_name"], "one"], "parent_type": f"{kind}-pool", "project_refs": [{"to": world.project}]}
        answer = await world.api.post(f"/{kind}s", json={kind: body})
        assert answer.status_code == 200, answer.text

    states = [cell["state"] for cell in (await mapped(world, network))["cells"]]

    assert states == ["network", "free", "free", "alias-ip", "floating-ip", "service", "gateway", "broadcast"]


async def test_a_large_subnet_is_told_in_ranges_part_by_part(world: World) -> None:
    network = await world.network("blue", subnet("10.0.0.0/8", addr_from_start=True))
    wanted = ["10.0.0.9", "10.7.0.1", "10.200.0.5"]
    for each in wanted:
        await world.address(network, instance_ip_address=each)

    parts: list[Document] = []
    start = None
    while not parts or start:
        parts.append(await mapped(world, network, limit=2, **({"start": start} if start else {})))
        start = parts[-1]["next"]
    ranges = [(one["start"], one["end"], one["state"]) for part in parts for one in part["ranges"]]

    assert len(parts) == 2
    assert ranges == [
        ("10.0.0.0", "10.0.0.0", "network"),
        ("10.0.0.1", "10.0.0.1", "gateway"),
        ("10.0.0.2", "10.0.0.2", "service"),
        ("10.0.0.3", "10.0.0.8", "free"),
        ("10.0.0.9", "10.0.0.9", "instance-ip"),
        ("10.0.0.10", "10.7.0.0", "free"),
        ("10.7.0.1", "10.7.0.1", "instance-ip"),
        ("10.7.0.2", "10.200.0.4", "free"),
        ("10.200.0.5", "10.200.0.5", "instance-ip"),
        ("10.200.0.6", "10.255.255.254", "free"),
        ("10.255.255.255", "10.255.255.255", "broadcast"),
    ]


async def test_the_map_of_a_64_begins_anywhere(world: World) -> None:
    network = await world.network("blue", "2001:db8::/64")
    await world.address(network, instance_ip_address="2001:db8::ff")

    found = await mapped(world, network, start="2001:db8::f0")

    assert [(one["start"], one["end"], one["state"]) for one in found["ranges"]][:2] == [
        ("2001:db8::f0", "2001:db8::fe", "free"),
        ("2001:db8::ff", "2001:db8::ff", "instance-ip"),
    ]


async def test_a_map_of_no_subnet_is_404_and_a_start_elsewhere_400(world: World) -> None:
    network = await world.network("blue", "10.0.0.0/24")
    path = f"/v2/ipam/subnets/{subnets_of(network)[0]['subnet_uuid']}/map"

    assert [(await world.api.get(f"/v2/ipam/subnets/{each}/map")).status_code for each in (uuid4(), "blue")] == [404, 404]
    for start in ("10.1.0.0", "2001:db8::", "blue"):
        answer = await world.api.get(path, params={"start": start})
        assert (answer.status_code, start in answer.text) == (400, True)
