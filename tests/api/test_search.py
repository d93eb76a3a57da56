"""`/v2/search`: a text finds what it names, what begins so and what holds it; an address finds whose it is and where it lies."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.world import Document, World, subnet, subnets_of

Found = list[tuple[Any, ...]]


async def searched(world: World, text: str, **query: Any) -> list[Document]:
    answer = await world.api.get("/v2/search", params={"q": text, **query})
    assert answer.status_code == 200, answer.text
    results: list[Document] = answer.json()["results"]
    return results


def told(results: list[Document], *names: str) -> Found:
    return [tuple(result[name] for name in names) for result in results]


async def test_the_same_name_comes_first_then_what_begins_so_then_what_holds_it(world: World) -> None:
    word = uuid4().hex
    for name in (f"my-{word}", f"{word}-b", word, f"{word}-a"):
        await world.create("network-policy", name)

    found = await searched(world, word)

    assert told(found, "field", "match", "value") == [
        ("name", "exact", word),
        ("name", "prefix", f"{word}-a"),
        ("name", "prefix", f"{word}-b"),
        ("name", "substring", f"my-{word}"),
    ]


async def test_a_result_tells_what_it_is_and_where(world: World) -> None:
    made = await world.create("network-policy", word := uuid4().hex)

    (found,) = await searched(world, word)

    assert found == {
        "kind": "network-policy",
        "uuid": made["uuid"],
        "fq_name": made["fq_name"],
        "href": made["href"],
        "field": "name",
        "match": "exact",
        "value": word,
    }


async def test_letter_case_does_not_matter_and_wildcards_are_letters(world: World) -> None:
    word = f"Ünï%_{uuid4().hex}"
    await world.create("network-policy", f"A{word}")

    assert told(await searched(world, f"a{word.upper().replace('Ï', 'ï')}"), "match") == [("exact",)]
    assert told(await searched(world, word), "match") == [("substring",)]
    assert await searched(world, word.replace("%", "_")) == []


async def test_a_name_with_its_parents_before_it_is_found(world: World) -> None:
    await world.create("network-policy", "policy-1")
    await world.create("network-policy", "policy-12")
    whole = ":".join([*world.project, "policy-1"])

    assert told(await searched(world, whole), "field", "match", "value") == [
        ("fq_name", "exact", whole),
        ("fq_name", "prefix", f"{whole}2"),
    ]
    assert told(await searched(world, whole.partition("-")[2]), "field", "match") == [("fq_name", "substring")] * 2


async def test_a_name_that_has_colons_is_found_whole(world: World) -> None:
    name = f"target:64512:{int(uuid4().hex[:5], 16)}"
    await world.api.post("/route-targets", json={"route-target": {"fq_name": [name]}})

    assert ("route-target", "exact", name) in told(await searched(world, name), "kind", "match", "value")


async def test_a_uuid_and_its_beginning_are_found(world: World) -> None:
    made = await world.create("network-policy", "policy")
    uuid = made["uuid"]

    assert told(await searched(world, uuid), "uuid", "field", "match") == [(uuid, "uuid", "exact")]
    assert told(await searched(world, uuid.replace("-", "").upper()), "uuid", "match") == [(uuid, "exact")]
    assert (uuid, "uuid", "prefix") in told(await searched(world, uuid[:13]), "uuid", "field", "match")


async def test_the_uuid_of_a_subnet_finds_its_network(world: World) -> None:
    network = await world.network("blue", "10.0.0.0/24")
    uuid = subnets_of(network)[0]["subnet_uuid"]

    (found,) = await searched(world, uuid)

    assert (found["uuid"], found["field"], found["subnet"]) == (network["uuid"], "subnet", {"uuid": uuid, "cidr": "10.0.0.0/24"})


async def test_an_address_finds_its_holder_its_network_and_its_subnet(world: World) -> None:
    network = await world.network("blue", "203.0.113.0/24")
    holder = await world.address(network, instance_ip_address="203.0.113.77")
    uuid = subnets_of(network)[0]["subnet_uuid"]

    found = [each for each in await searched(world, "203.0.113.77") if each["uuid"] in {network["uuid"], holder["uuid"]}]

    assert told(found, "uuid", "field", "match", "value") == [
        (holder["uuid"], "address", "exact", "203.0.113.77"),
        (network["uuid"], "subnet", "around", "203.0.113.0/24"),
    ]
    assert found[1]["subnet"] == {"uuid": uuid, "cidr": "203.0.113.0/24"}


async def test_an_address_in_another_spelling_is_the_same(world: World) -> None:
    network = await world.network("blue", "2001:db8:77::/64")
    holder = await world.address(network, instance_ip_address="2001:db8:77::abcd")

    assert holder["uuid"] in [each["uuid"] for each in await searched(world, "2001:DB8:77:0:0::ABCD")]


async def test_an_object_on_a_gateway_is_found_though_it_holds_nothing(world: World) -> None:
    network = await world.network("blue", "203.0.113.0/24")
    holder = await world.address(network, instance_ip_address="203.0.113.254")

    assert (holder["uuid"], "address") in told(await searched(world, "203.0.113.254"), "uuid", "field")


async def test_reserved_and_service_addresses_are_told_as_such(world: World) -> None:
    network = await world.network("blue", "198.51.100.0/24")
    await world.action(f"virtual-network/{network['uuid']}/ip-alloc", count=1)

    reserved, service = await searched(world, "198.51.100.252"), await searched(world, "198.51.100.253")

    assert (network["uuid"], "reserved") in told(reserved, "uuid", "field")
    assert (network["uuid"], "service") in told(service, "uuid", "field")


async def test_any_address_of_a_block_finds_the_holder_of_the_block(world: World) -> None:
    network = await world.network("blue", subnet("198.51.100.0/24", alloc_unit=4))
    holder = await world.address(network)
    assert holder["instance_ip_address"] == "198.51.100.248"

    inside, outside = await searched(world, "198.51.100.251"), await searched(world, "198.51.100.247")

    assert holder["uuid"] in [each["uuid"] for each in inside]
    assert holder["uuid"] not in [each["uuid"] for each in outside]


@pytest.mark.parametrize("form", ["{mac}", "{upper}", "{dashes}"])
async def test_a_mac_address_finds_its_port_whatever_its_spelling(world: World, form: str) -> None:
    network = await world.network("blue")
    mac = ":".join(["02", *(uuid4().hex[at : at + 2] for at in range(0, 10, 2))])
    macs = {"mac_address": ["02:00:00:00:00:01", mac.upper()]}
    port = await world.interface(network, "port", virtual_machine_interface_mac_addresses=macs)

    found = await searched(world, form.format(mac=mac, upper=mac.upper(), dashes=mac.replace(":", "-")))

    assert told(found, "uuid", "field", "match", "value") == [(port["uuid"], "mac", "exact", mac)]


async def test_a_prefix_finds_the_subnets_around_and_inside_and_the_addresses_in_it(world: World) -> None:
    prefix = f"fd{uuid4().hex[:2]}:{uuid4().hex[:4]}"
    wide = await world.network("wide", f"{prefix}::/32")
    same = await world.network("same", f"{prefix}:1::/48")
    narrow = await world.network("narrow", f"{prefix}:1:1::/64")
    beside = await world.network("beside", f"{prefix}:2::/48")
    holder = await world.address(narrow, instance_ip_address=f"{prefix}:1:1::5")

    found = told(await searched(world, f"{prefix}:1::/48"), "uuid", "field", "match")

    assert found[:3] == [(same["uuid"], "subnet", "exact"), (wide["uuid"], "subnet", "around"), (narrow["uuid"], "subnet", "within")]
    assert (holder["uuid"], "address", "within") in found
    assert beside["uuid"] not in [uuid for uuid, _, _ in found]


async def test_kinds_narrow_it_and_a_limit_cuts_it_short(world: World) -> None:
    word = uuid4().hex
    for kind in ("network-policy", "virtual-network"):
        for number in range(3):
            await world.create(kind, f"{word}-{number}")

    of_kind = await searched(world, word, kinds="virtual-network,network_ipam")
    short = (await world.api.get("/v2/search", params={"q": word, "kinds": "network-policy", "limit": 2})).json()
    whole = (await world.api.get("/v2/search", params={"q": word, "kinds": "network-policy", "limit": 3})).json()

    assert {each["kind"] for each in of_kind} == {"virtual-network"}
    assert (len(short["results"]), short["more"], len(whole["results"]), whole["more"]) == (2, True, 3, False)


@pytest.mark.parametrize(
    "query", [{}, {"q": " "}, {"q": "a\0"}, {"q": "a" * 1025}, {"q": "a", "limit": 0}, {"q": "a", "limit": "b"}], ids=str
)
async def test_a_query_that_is_none_is_refused(api: httpx.AsyncClient, query: dict[str, Any]) -> None:
    answer = await api.get("/v2/search", params=query)

    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")


async def test_a_kind_that_is_none_is_404(api: httpx.AsyncClient) -> None:
    assert (await api.get("/v2/search", params={"q": "a", "kinds": "virtual-network,nothing"})).status_code == 404
