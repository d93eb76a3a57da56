"""Errors: a sentence in plain text for old clients, RFC 9457 for those that ask for it (contract 7, design "A request")."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.world import DEFAULT_IPAM, FAR_AWAY, Document, World, link, subnet, subnets_of

PROBLEM = {"Accept": "application/problem+json"}


async def unknown(world: World) -> httpx.Response:
    return await world.api.get(f"/virtual-network/{FAR_AWAY}")


async def unknown_path(world: World) -> httpx.Response:
    return await world.api.get("/nope")


async def unknown_parent(world: World) -> httpx.Response:
    return await world.post("virtual-network", "a", fq_name=["default-domain", world.domain, "a"])


async def no_fq_name(world: World) -> httpx.Response:
    return await world.api.post("/virtual-networks", json={"virtual-network": {"mtu": 1}})


async def no_document(world: World) -> httpx.Response:
    return await world.api.post("/virtual-networks", content=b"not json")


async def bad_property(world: World) -> httpx.Response:
    return await world.post("virtual-network", "a", mtu=99999)


async def bad_reference(world: World) -> httpx.Response:
    return await world.post("virtual-network", "a", network_ipam_refs=[{"to": DEFAULT_IPAM}])


async def unknown_target(world: World) -> httpx.Response:
    return await world.post("virtual-network", "a", network_ipam_refs=link("10.0.0.0/24", to=["default-domain", world.domain, "x"]))


async def existing_name(world: World) -> httpx.Response:
    return await world.post("project", "project", fq_name=world.project, parent_type="domain")


async def existing_uuid(world: World) -> httpx.Response:
    return await world.post("virtual-network", "a", uuid=world.project_id)


async def child_present(world: World) -> httpx.Response:
    return await world.delete("domain", world.ids["domain"])


async def still_referred(world: World) -> httpx.Response:
    network = await world.network("a")
    await world.interface(network, "port")
    return await world.delete("virtual-network", network["uuid"])


async def system_object(world: World) -> httpx.Response:
    (domain,) = await world.listed("domain", fq_names="default-domain")
    return await world.delete("domain", domain["uuid"])


async def exhausted(world: World) -> httpx.Response:
    network = await world.network("a", "10.0.0.0/30")
    return await world.post_address(network)


async def taken(world: World) -> httpx.Response:
    network = await world.network("a", "10.0.0.0/24")
    await world.address(network, instance_ip_address="10.0.0.9")
    return await world.post_address(network, instance_ip_address="10.0.0.9")


async def outside(world: World) -> httpx.Response:
    network = await world.network("a", "10.0.0.0/24")
    return await world.post_address(network, instance_ip_address="10.9.0.9")


async def overlapping(world: World) -> httpx.Response:
    return await world.post("virtual-network", "a", network_ipam_refs=link("10.0.0.0/16", "10.0.1.0/24"))


async def changed_address(world: World) -> httpx.Response:
    held = await world.address(await world.network("a", "10.0.0.0/24"))
    return await world.put("instance-ip", held["uuid"], instance_ip_address="10.0.0.7")


async def own_network_id(world: World) -> httpx.Response:
    return await world.post("virtual-network", "a", virtual_network_network_id=77)


async def subnet_in_use(world: World) -> httpx.Response:
    network = await world.network("a", "10.0.0.0/24")
    await world.address(network)
    return await world.put("virtual-network", network["uuid"], network_ipam_refs=[])


async def wrong_method(world: World) -> httpx.Response:
    return await world.api.patch("/projects")


async def too_large(world: World) -> httpx.Response:
    return await world.api.post("/projects", content=b"x" * 2_000_000)


Provoke = Callable[[World], Awaitable[httpx.Response]]

ERRORS: list[tuple[Provoke, int, str, set[str]]] = [
    (unknown, 404, "not-found", {"uuid"}),
    (unknown_path, 404, "not-found", set()),
    (unknown_parent, 404, "parent-not-found", {"fq_name"}),
    (no_fq_name, 400, "bad-request", set()),
    (no_document, 400, "bad-request", set()),
    (bad_property, 400, "invalid-property", set()),
    (bad_reference, 400, "invalid-reference", set()),
    (unknown_target, 400, "invalid-reference", set()),
    (existing_name, 409, "already-exists", {"fq_name", "uuid"}),
    (existing_uuid, 409, "already-exists", {"fq_name", "uuid"}),
    (child_present, 409, "children-present", {"blocking"}),
    (still_referred, 409, "still-referred", {"blocking"}),
    (system_object, 409, "system-object", set()),
    (exhausted, 400, "subnet-exhausted", set()),
    (taken, 409, "address-in-use", {"address"}),
    (outside, 400, "address-outside", {"address"}),
    (overlapping, 400, "overlap", set()),
    (changed_address, 400, "immutable", {"field"}),
    (own_network_id, 403, "forbidden", set()),
    (subnet_in_use, 409, "address-in-use", {"address"}),
    (wrong_method, 405, "method-not-allowed", set()),
    (too_large, 413, "too-large", set()),
]


@pytest.mark.parametrize(
    ("provoke", "status"), [(provoke, status) for provoke, status, _, _ in ERRORS], ids=lambda each: getattr(each, "__name__", "")
)
async def test_an_error_is_a_sentence_in_plain_text(world: World, provoke: Provoke, status: int) -> None:
    response = await provoke(world)

    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert not response.text.startswith("{")
    assert response.text


@pytest.mark.parametrize(("provoke", "status", "code", "facts"), ERRORS, ids=[provoke.__name__ for provoke, *_ in ERRORS])
async def test_a_client_that_asks_gets_a_problem_document(world: World, provoke: Provoke, status: int, code: str, facts: set[str]) -> None:
    world.api.headers.update(PROBLEM)

    response = await provoke(world)
    problem = response.json()

    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem.keys() >= {"type", "title", "detail"} | facts
    assert problem["detail"]


@pytest.mark.parametrize("accept", ["text/plain", "*/*", "application/json", "text/html, */*;q=0.8"])
async def test_a_client_that_does_not_ask_gets_text(api: httpx.AsyncClient, accept: str) -> None:
    response = await api.get(f"/project/{FAR_AWAY}", headers={"Accept": accept})

    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text == f"Unknown id: {FAR_AWAY}"


async def test_a_blocked_delete_names_every_blocker(world: World) -> None:
    network = await world.network("a")
    ports = [await world.interface(network, name) for name in ("p", "q")]

    problem = (await world.api.delete(f"/virtual-network/{network['uuid']}", headers=PROBLEM)).json()

    assert set(problem["blocking"]) == {port["href"] for port in ports}


async def test_every_wrong_property_is_named_at_once(world: World) -> None:
    response = await world.post("virtual-network", "a", mtu=99999, is_shared="true", mac_limit_control={"mac_limit": "x"})

    assert response.status_code == 400
    assert response.text.startswith("Bad property in create: ")
    assert all(name in response.text for name in ("mtu", "is_shared", "mac_limit"))


async def test_a_bad_property_of_an_update_says_where(world: World) -> None:
    response = await world.put("project", world.project_id, vxlan_routing="yes")

    assert response.status_code == 400
    assert response.text.startswith("Bad property in http_put: ")


async def test_a_bad_reference_says_where(world: World) -> None:
    bad: list[Document] = [{"attr": None}]

    created = await world.post("virtual-network", "a", network_ipam_refs=bad)
    updated = await world.put("project", world.project_id, floating_ip_pool_refs=bad)

    assert created.text.startswith("Bad reference in create: ")
    assert updated.text.startswith("Bad reference in http_put: ")


async def test_a_name_with_a_colon_is_told_so(world: World) -> None:
    response = await world.post("virtual-network", "a:b")

    assert (response.status_code, response.text) == (400, "Bad Request, name has one of invalid chars {':'}")


async def test_a_name_with_a_control_character_is_told_so(world: World) -> None:
    response = await world.post("virtual-network", "a\x01b")

    assert (response.status_code, response.text) == (400, "Bad Request, name has illegal xml characters")


async def test_the_checks_come_in_the_order_of_the_contract(world: World) -> None:
    """Contract 1.4.1: a wrong property (6) is told before a wrong ref (7), that before a used name (8), that before the uuid (10)."""
    await world.network("a")
    faults: list[tuple[dict[str, Any], str]] = [
        ({"uuid": "x"}, "already exists"),
        ({"network_ipam_refs": [{}]}, "Bad reference"),
        ({"mtu": 99999}, "Bad property"),
        ({"fq_name": [*world.project, "a:b"]}, "invalid chars"),
        ({"fq_name": []}, "no fq_name"),
    ]
    body: dict[str, Any] = {}

    for fault, told in faults:
        body |= fault
        response = await world.post("virtual-network", "a", **body)
        assert told in response.text, response.text


async def test_a_failed_create_leaves_its_name_its_uuid_and_its_addresses_free(world: World) -> None:
    uuid, subnet_uuid = str(uuid4()), str(uuid4())
    first = subnet("10.0.0.0/24", subnet_uuid=subnet_uuid)
    refused = await world.post("virtual-network", "a", uuid=uuid, network_ipam_refs=link(first, "10.0.0.0/25"))

    made = await world.network("a", first, uuid=uuid)

    assert refused.status_code == 400
    assert made["uuid"] == uuid
    assert subnets_of(made)[0]["subnet_uuid"] == subnet_uuid


async def test_a_failed_address_leaves_nothing_taken(world: World) -> None:
    network = await world.network("a", "10.0.0.0/24")
    refused = await world.post_address(network, virtual_machine_interface_refs=[{"to": [*world.project, "nope"]}])

    held = await world.address(network)

    assert refused.status_code == 400
    assert held["instance_ip_address"] == "10.0.0.252"
