"""What a project may have: limits, what is counted, and races at a limit (contract 3.4 project, 1.4.1 row 14)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from api_server.model.catalog import load
from api_server.model.kind import Kind
from tests.contract.population import Population
from tests.contract.world import Document, World, link
from tests.served import command, served


def refused(response: httpx.Response, resource: str, limit: int, before: str = "") -> bool:
    """Whether that is what it says; an entry of a bulk is named before it."""
    sentence = f"quota limit ({limit}) exceeded for resource {resource}"
    text = response.text
    return response.status_code == 412 and (text.startswith(before) and text.endswith(sentence) if before else text == sentence)


async def limit(world: World, **quota: Any) -> None:
    await world.update("project", world.project_id, quota=quota)


async def below(world: World, parent: Document, parent_kind: str, kind: str, name: str, **body: Any) -> httpx.Response:
    place = {"parent_type": parent_kind, "fq_name": [*parent["fq_name"], name]}
    return await world.api.post(f"/{kind}s", json={kind: {**place, **body}})


async def test_a_limit_of_none_lets_nothing_be_made_and_null_or_no_limit_everything(world: World) -> None:
    await limit(world, virtual_network=0)
    none = await world.post("virtual-network", "a")
    await limit(world, virtual_network=None, defaults=0)
    unlimited = await world.post("virtual-network", "a")
    await limit(world, virtual_network=-1)
    negative = await world.post("virtual-network", "b")

    assert refused(none, "virtual_network", 0)
    assert (unlimited.status_code, negative.status_code) == (200, 200)


async def test_a_refusal_tells_programs_what_is_limited(world: World) -> None:
    await limit(world, network_policy=0)

    response = await world.api.post(
        "/network-policys", json=world.document("network-policy", "a"), headers={"Accept": "application/problem+json"}
    )

    assert {"code": "over-quota", "limit": 0, "kind": "network_policy"}.items() <= response.json().items()


async def test_what_was_refused_consumed_nothing_and_what_goes_makes_room(world: World) -> None:
    await limit(world, virtual_network=1)
    first = await world.network("a")
    await world.post("virtual-network", "b")
    rehearsed = await world.api.post("/virtual-networks?dry_run=true", json=world.document("virtual-network", "c"))

    await world.delete("virtual-network", first["uuid"])
    again = await world.network("b")
    rehearsal = await world.api.post("/virtual-networks?dry_run=true", json=world.document("virtual-network", "c"))

    assert again["virtual_network_network_id"] == first["virtual_network_network_id"]
    assert refused(rehearsed, "virtual_network", 1)
    assert refused(rehearsal, "virtual_network", 1)


async def test_a_rehearsed_create_uses_nothing_up(world: World) -> None:
    await limit(world, virtual_network=1)

    for _ in range(2):
        response = await world.api.post("/virtual-networks?dry_run=true", json=world.document("virtual-network", "a"))
        assert response.status_code == 200

    assert (await world.post("virtual-network", "a")).status_code == 200


async def test_a_limit_below_what_is_there_refuses_only_more_of_it(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24", "10.1.2.0/24")
    await limit(world, virtual_network=0, subnet=1)

    changed = await world.put("virtual-network", network["uuid"], network_ipam_refs=link("10.1.3.0/24", "10.1.4.0/24"))
    more = await world.put("virtual-network", network["uuid"], network_ipam_refs=link("10.1.3.0/24", "10.1.4.0/24", "10.1.5.0/24"))

    assert changed.status_code == 200
    assert refused(more, "subnet", 1)
    assert refused(await world.post("virtual-network", "b"), "virtual_network", 0)


async def test_hidden_objects_are_not_counted(world: World) -> None:
    await limit(world, virtual_network=1)
    hidden = {"id_perms": {"user_visible": False}}

    answers = [await world.post("virtual-network", "hidden", **hidden), await world.post("virtual-network", "a")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await world.post("virtual-network", "also hidden", **hidden)).status_code == 200


async def test_of_many_creators_at_the_limit_as_many_win_as_fit(world: World) -> None:
    await limit(world, virtual_network=3, subnet=2)

    networks = await asyncio.gather(*(world.post("virtual-network", f"n{n}", network_ipam_refs=link("10.1.1.0/24")) for n in range(12)))

    assert sum(answer.status_code == 200 for answer in networks) == 2
    assert all(refused(answer, "subnet", 2) for answer in networks if answer.status_code != 200)
    bare = await asyncio.gather(*(world.post("virtual-network", f"b{n}") for n in range(8)))
    assert sorted(answer.status_code for answer in bare) == [200] + [412] * 7


async def test_subnets_are_summed_over_the_networks_of_the_project(world: World) -> None:
    await limit(world, subnet=3)
    first = await world.network("a", "10.1.1.0/24", "10.1.2.0/24")
    second = await world.network("b", "10.1.1.0/24")
    ipam = await world.create("network-ipam", "ipam")

    created = await world.post("virtual-network", "c", network_ipam_refs=link("10.1.1.0/24"))
    put = await world.put("virtual-network", second["uuid"], network_ipam_refs=link("10.1.1.0/24", "10.1.2.0/24"))
    referred = await world.action(
        "ref-update",
        **{"type": "virtual-network", "uuid": second["uuid"], "ref-type": "network-ipam", "ref-uuid": ipam["uuid"], "operation": "ADD"},
        attr=link("10.1.9.0/24")[0]["attr"],
    )

    assert all(refused(answer, "subnet", 3) for answer in (created, put, referred))
    await world.update("virtual-network", first["uuid"], network_ipam_refs=link("10.1.1.0/24"))
    assert (await world.post("virtual-network", "c", network_ipam_refs=link("10.1.1.0/24"))).status_code == 200


async def test_subnets_of_a_flat_ipam_are_not_the_networks(world: World) -> None:
    await limit(world, subnet=0)
    subnets = {"subnets": [{"subnet": {"ip_prefix": "10.1.1.0", "ip_prefix_len": 24}}]}
    ipam = await world.create("network-ipam", "flat", ipam_subnet_method="flat-subnet", ipam_subnets=subnets)

    flat = {"virtual_network_properties": {"forwarding_mode": "l3"}, "address_allocation_mode": "flat-subnet-only"}
    response = await world.post("virtual-network", "a", **flat, network_ipam_refs=link(to=ipam["fq_name"]))

    assert response.status_code == 200


async def test_a_pool_of_floating_ips_is_charged_to_the_project_of_its_network(world: World) -> None:
    await limit(world, floating_ip_pool=1)
    network = await world.network("a")

    answers = [await below(world, network, "virtual-network", "floating-ip-pool", name) for name in ("p", "q")]

    assert answers[0].status_code == 200
    assert refused(answers[1], "floating_ip_pool", 1)


async def test_a_member_of_a_load_balancer_is_charged_through_its_pool(world: World) -> None:
    await limit(world, loadbalancer_member=1)
    pool = await world.create("loadbalancer-pool", "pool")

    answers = [await below(world, pool, "loadbalancer-pool", "loadbalancer-member", name) for name in ("p", "q")]

    assert answers[0].status_code == 200
    assert refused(answers[1], "loadbalancer_member", 1)


async def test_a_floating_ip_is_charged_to_the_project_it_refers_to(world: World) -> None:
    other = await World(world.api).found()
    network = await world.network("a", "10.1.1.0/24")
    pool = (await below(world, network, "virtual-network", "floating-ip-pool", "p")).json()["floating-ip-pool"]
    await limit(other, floating_ip=1)
    await limit(world, floating_ip=0)
    theirs = {"project_refs": [{"to": other.project}]}

    answers = [await below(world, pool, "floating-ip-pool", "floating-ip", f"f{n}", **theirs) for n in range(2)]
    own = await below(world, pool, "floating-ip-pool", "floating-ip", "own")

    assert answers[0].status_code == 200
    assert refused(answers[1], "floating_ip", 1)
    assert refused(own, "floating_ip", 0)


async def test_interfaces_of_a_machine_and_instance_ips_are_nobodys(world: World) -> None:
    await limit(world, virtual_machine_interface=0, instance_ip=0)
    network = await world.network("a", "10.1.1.0/24")
    machine = await world.create("virtual-machine", "vm")
    refs = [{"to": network["fq_name"]}]

    interface = await below(world, machine, "virtual-machine", "virtual-machine-interface", "i", virtual_network_refs=refs)
    own = await world.post("virtual-machine-interface", "i", virtual_network_refs=refs)
    address = await world.post_address(network)

    assert (interface.status_code, address.status_code) == (200, 200)
    assert refused(own, "virtual_machine_interface", 0)


CATALOG = load()
KINDS = [kind for kind in CATALOG if kind.snake in CATALOG.structures["QuotaType"] and "project" in kind.parents]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
async def test_every_kind_of_a_project_that_a_quota_names_is_counted(world: World, kind: Kind) -> None:
    needs = await Population(world, CATALOG).needs(kind)
    await limit(world, **{kind.snake: 0})

    assert refused(await world.post(kind.name, "x", **needs), kind.snake, 0)


@pytest.mark.parametrize("kind", ["application-policy-set", "qos-config"])
async def test_other_kinds_are_not_counted(world: World, kind: str) -> None:
    await limit(world, defaults=0)

    assert (await world.post(kind, "x")).status_code == 200


async def test_a_project_without_a_limit_lets_all_create_at_once(world: World) -> None:
    answers = await asyncio.gather(*(world.post("virtual-network", f"n{n}") for n in range(16)))

    assert {answer.status_code for answer in answers} == {200}


# --- many writes in one transaction ---


async def bulk(world: World, *entries: Document) -> httpx.Response:
    return await world.api.post("/v2/bulk", json={"resources": entries})


def creation(world: World, kind: str, name: str, **body: Any) -> Document:
    return {"kind": kind, "operation": "create", "data": world.document(kind, name, **body)[kind]}


async def test_a_bulk_makes_as_much_as_the_limit_allows_or_nothing(world: World) -> None:
    await limit(world, virtual_network=2, subnet=1)
    networks = [creation(world, "virtual-network", f"n{n}") for n in range(3)]
    with_subnets = [creation(world, "virtual-network", f"s{n}", network_ipam_refs=link("10.1.1.0/24")) for n in range(2)]

    assert refused(await bulk(world, *networks), "virtual_network", 2, "entry 2 (create ")
    assert refused(await bulk(world, *with_subnets), "subnet", 1, "entry 1 (create ")
    assert (await bulk(world, *networks[:2])).status_code == 200
    assert refused(await bulk(world, networks[2]), "virtual_network", 2, "entry 0 (create ")


async def test_a_bulk_may_make_a_project_and_then_what_its_quota_allows(world: World) -> None:
    name = [world.domain, "other"]
    project = {"kind": "project", "operation": "create", "data": {"fq_name": name, "parent_type": "domain", "quota": {"network_policy": 1}}}
    policies = [
        {"kind": "network-policy", "operation": "create", "data": {"fq_name": [*name, f"p{n}"], "parent_type": "project"}} for n in range(2)
    ]

    assert refused(await bulk(world, project, *policies), "network_policy", 1, "entry 2 (create ")
    assert (await bulk(world, project, policies[0])).status_code == 200


async def test_what_a_bulk_deletes_makes_room_in_it(world: World) -> None:
    await limit(world, virtual_network=1)
    first = await world.network("a")
    gone = {"kind": "virtual-network", "operation": "delete", "data": {"uuid": first["uuid"]}}

    assert (await bulk(world, gone, creation(world, "virtual-network", "b"))).status_code == 200
    assert refused(await world.post("virtual-network", "c"), "virtual_network", 1)


# --- limits that the operator sets ---


@pytest.fixture(scope="module")
def limited_url(dsn: str) -> Iterator[str]:
    settings = {"NETWEAVE_QUOTA_virtual_network": "2", "NETWEAVE_QUOTA_DEFAULTS": "1", "NETWEAVE_QUOTA_VIRTUAL_DNS": "7"}
    with served(DATABASE_URL=dsn, NETWEAVE_COUNT_INSTANCE_IPS="true", **settings) as server:
        yield server.url


@pytest.fixture
async def limited(limited_url: str) -> AsyncIterator[World]:
    async with httpx.AsyncClient(base_url=limited_url, trust_env=False) as api:
        yield await World(api).found()


async def test_a_project_that_says_nothing_has_the_configured_limits(limited: World) -> None:
    networks = [await limited.post("virtual-network", f"n{n}") for n in range(3)]
    ipams = [await limited.post("network-ipam", f"n{n}") for n in range(2)]

    assert [answer.status_code for answer in networks[:2] + ipams[:1]] == [200, 200, 200]
    assert refused(networks[2], "virtual_network", 2)
    assert refused(ipams[1], "network_ipam", 1)


async def test_what_a_project_says_goes_before_what_is_configured(limited: World) -> None:
    await limit(limited, virtual_network=-1, defaults=0)

    answers = [await limited.post("virtual-network", f"n{n}") for n in range(3)]

    assert {answer.status_code for answer in answers} == {200}
    assert refused([await limited.post("network-ipam", f"n{n}") for n in range(2)][1], "network_ipam", 1)


async def test_instance_ips_are_counted_where_that_is_asked_for(limited: World) -> None:
    network = await limited.network("a", "10.1.1.0/24")

    answers = [await limited.post_address(network) for _ in range(2)]

    assert answers[0].status_code == 200
    assert refused(answers[1], "instance_ip", 1)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("x", "1", "NETWEAVE_QUOTA_x limits nothing"), ("subnet", "many", "quota.subnet: Input should be a valid integer")],
)
def test_a_quota_that_means_nothing_is_told_at_the_start(dsn: str, name: str, value: str, said: str) -> None:
    process = command("serve", "--port", 0, DATABASE_URL=dsn, **{f"NETWEAVE_QUOTA_{name}": value})
    _, complaint = process.communicate(timeout=60)

    assert process.returncode == 1
    assert said in complaint
