"""The request forms of the Contrail web console's backend (contract 10.3, 1.6): its query keys, headers and odd paths."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.contract.world import Document, World

# What the backend sends with every request, GET included.
HEADERS = {"Content-Type": "application/json", "Content-Length": "0", "X-Auth-Token": "none"}


@pytest.fixture
async def network(world: World) -> Document:
    return await world.network("blue", "10.1.1.0/24", router_external=True, is_shared=True)


async def shown(world: World, path: str, **query: Any) -> Any:
    """What a page gets; the backend takes a body that starts with `{` for JSON and everything else for XML."""
    response = await world.api.get(path, params=query, headers=HEADERS)
    assert response.status_code == 200, response.text
    assert response.text.startswith("{")
    return response.json()


def names(listed: Any, kind: str) -> list[str]:
    return [entry[kind]["name"] for entry in listed[f"{kind}s"]]


async def test_the_pick_lists_of_domains_and_projects(world: World) -> None:
    domains = await shown(world, "/domains")
    projects = await shown(world, "/projects", parent_id=world.ids["domain"])

    assert {"uuid": world.ids["domain"], "fq_name": [world.domain]}.items() <= next(
        each for each in domains["domains"] if each["uuid"] == world.ids["domain"]
    ).items()
    assert [each["uuid"] for each in projects["projects"]] == [world.project_id]


async def test_a_project_without_children_and_back_refs(world: World, network: Document) -> None:
    with_all = (await shown(world, f"/project/{world.project_id}"))["project"]

    bare = (await shown(world, f"/project/{world.project_id}", exclude_back_refs="true", exclude_children="true"))["project"]

    assert network["uuid"] in [each["uuid"] for each in with_all["virtual_networks"]]
    assert "virtual_networks" not in bare


async def test_a_grid_asks_for_details_with_fields_below_a_parent(world: World, network: Document) -> None:
    port = await world.interface(network, "port")
    fields = "network_ipam_refs,virtual_machine_interface_back_refs,floating_ip_pools"

    listed = await shown(world, "/virtual-networks", detail="true", fields=fields, parent_id=world.project_id)

    (only,) = [each["virtual-network"] for each in listed["virtual-networks"]]
    assert [each["uuid"] for each in only["virtual_machine_interface_back_refs"]] == [port["uuid"]]
    assert only["network_ipam_refs"][0]["attr"] == network["network_ipam_refs"][0]["attr"]


async def test_a_grid_asks_for_uuids_and_for_what_refers_to_them(world: World, network: Document) -> None:
    port = await world.interface(network, "port")

    by_uuid = await shown(world, "/virtual-networks", detail="true", obj_uuids=network["uuid"], exclude_Refs="true", field="anything")
    by_ref = await shown(world, "/virtual-machine-interfaces", detail="true", back_ref_id=network["uuid"])

    assert names(by_uuid, "virtual-network") == ["blue"]
    assert [each["virtual-machine-interface"]["uuid"] for each in by_ref["virtual-machine-interfaces"]] == [port["uuid"]]


@pytest.mark.parametrize("term", ["is_shared==true", "router_external==true", "is_shared==true,router_external==true"])
async def test_shared_and_external_networks_are_found_by_filter(world: World, network: Document, term: str) -> None:
    await world.network("red")

    listed = await shown(world, "/virtual-networks", detail="true", filters=term, parent_id=world.project_id)

    assert names(listed, "virtual-network") == ["blue"]


async def test_a_parent_is_named_in_one_text(world: World, network: Document) -> None:
    query = {"parent_type": "project", "parent_fq_name_str": ":".join(world.project)}

    listed = await shown(world, "/virtual-networks", **query)

    assert [each["uuid"] for each in listed["virtual-networks"]] == [network["uuid"]]


@pytest.mark.parametrize("path", ["/list-bulk-collection", "/list-bulk-collection%20", "/list-bulk-collection/"])
async def test_many_objects_are_asked_for_in_a_body(world: World, network: Document, path: str) -> None:
    body = {"type": "virtual-network", "obj_uuids": network["uuid"], "detail": True, "fields": "virtual_network_properties"}

    response = await world.api.post(path, json=body, headers={"X-Auth-Token": "none"})

    assert [each["virtual-network"]["uuid"] for each in response.json()["virtual-networks"]] == [network["uuid"]]


async def test_a_form_adds_and_removes_one_ref(world: World, network: Document) -> None:
    policy = await world.create("network-policy", "policy")
    body = {
        "type": "virtual-network",
        "uuid": network["uuid"],
        "ref-type": "network-policy",
        "ref-uuid": policy["uuid"],
        "ref-fq-name": policy["fq_name"],
        "attr": {"timer": {"start_time": ""}, "sequence": {"major": 0, "minor": 0}},
    }

    await world.action("ref-update", **body, operation="ADD")
    added = await world.read("virtual-network", network["uuid"])
    await world.action("ref-update", **body, operation="DELETE")

    assert [ref["uuid"] for ref in added["network_policy_refs"]] == [policy["uuid"]]
    assert "network_policy_refs" not in await world.read("virtual-network", network["uuid"])


async def test_a_form_sends_a_whole_object_back(world: World, network: Document) -> None:
    whole = {**await world.read("virtual-network", network["uuid"]), "display_name": "azure"}

    # A shared external network is the one whose own document is consistent either way (contract 12, 9).
    response = await world.put("virtual-network", network["uuid"], **whole)

    assert response.status_code == 200, response.text
    assert (await world.read("virtual-network", network["uuid"]))["display_name"] == "azure"


async def test_the_login_asks_for_roles(world: World) -> None:
    perms = await shown(world, "/obj-perms")
    mode = await shown(world, "/aaa-mode")

    assert perms == {"token_info": None, "is_cloud_admin_role": False, "is_global_read_only_role": False, "permissions": "RWX"}
    assert mode == {"aaa-mode": "no-auth"}


async def test_a_refusal_is_shown_to_the_user_as_it_is(world: World, network: Document) -> None:
    await world.interface(network, "port")

    response = await world.api.delete(f"/virtual-network/{network['uuid']}", headers={**HEADERS, "Accept": "*/*"})

    assert response.status_code == 409
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text.startswith("Delete when resource still referred: ['http://")


async def test_preferences_are_kept_for_the_user(world: World) -> None:
    key = f"ui-{world.domain}"
    value = json.dumps({"columns": ["name", "subnets"], "rows": 50})

    await world.action("useragent-kv", operation="STORE", key=key, value=value)
    found = await world.action("useragent-kv", operation="RETRIEVE", key=key)

    assert found.json() == {"value": value}


async def test_a_long_list_of_uuids_fits_into_a_query(world: World, network: Document) -> None:
    uuids = ",".join([*[f"{number:08x}-0000-4000-8000-000000000000" for number in range(1_500)], network["uuid"]])

    listed = await shown(world, "/virtual-networks", obj_uuids=uuids)

    assert len(uuids) > 55_000
    assert [each["uuid"] for each in listed["virtual-networks"]] == [network["uuid"]]


@pytest.mark.parametrize(("length", "status"), [(65_000, b"200"), (70_000, b"400")])
async def test_a_query_may_be_as_long_as_64_kib(api: httpx.AsyncClient, length: int, status: bytes) -> None:
    reader, writer = await asyncio.open_connection(api.base_url.host, api.base_url.port)

    writer.write(b"GET /virtual-networks?obj_uuids=%s HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n" % (b"x" * length))
    answer = await reader.read()
    writer.close()

    assert answer.split(maxsplit=2)[1] == status
