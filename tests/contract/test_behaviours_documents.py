"""Contract section 12, behaviours 1, 3-12, 36 and 37: the home page and the life of one document."""

from typing import Any

import httpx
import pytest

from api_server.model.catalog import load
from tests.contract.world import FAR_AWAY, World, link


async def test_behaviour_01_the_home_page_links_every_kind_and_action(api: httpx.AsyncClient) -> None:
    home = (await api.get("/")).json()
    links = [each["link"] for each in home["links"]]
    base = home["href"]

    assert base == str(api.base_url).rstrip("/")
    for rel, suffix in (("collection", "s"), ("resource-base", "")):
        found = {each["name"]: each["href"] for each in links if each["rel"] == rel}
        assert found == {kind.name: f"{base}/{kind.name}{suffix}" for kind in load()}
    assert {"rel": "action", "name": "name-to-id", "href": f"{base}/fqname-to-id", "method": "POST"} in links


async def test_behaviour_03_create_answers_200_and_fills_in_what_the_server_knows(api: httpx.AsyncClient, world: World) -> None:
    response = await world.post("virtual-network", "a")
    answered = response.json()["virtual-network"]
    shown = await world.read("virtual-network", answered["uuid"])

    assert response.status_code == 200
    assert answered == {
        "name": "a",
        "fq_name": [*world.project, "a"],
        "uuid": shown["uuid"],
        "href": str(api.base_url.join(f"/virtual-network/{shown['uuid']}")),
        "parent_type": "project",
        "parent_uuid": world.project_id,
        "parent_href": str(api.base_url.join(f"/project/{world.project_id}")),
    }
    assert (shown["display_name"], shown["is_shared"], shown["id_perms"]["enable"]) == ("a", False, True)


async def test_behaviour_03_holds_in_the_default_project(world: World) -> None:
    name = ["default-domain", "default-project", world.domain]

    made = await world.create("virtual-network", "", fq_name=name)

    assert made["fq_name"] == name
    assert (await world.delete("virtual-network", made["uuid"])).status_code == 200


async def test_behaviour_04_a_second_create_is_409_and_names_the_uuid(world: World) -> None:
    network = await world.network("a")

    response = await world.post("virtual-network", "a")

    assert response.status_code == 409
    assert f"already exists with uuid: {network['uuid']}" in response.text


async def test_behaviour_05_no_fq_name_is_400(api: httpx.AsyncClient) -> None:
    response = await api.post("/virtual-networks", json={"virtual-network": {"parent_type": "project"}})

    assert (response.status_code, response.text) == (400, "Bad Request, no fq_name in POST body")


async def test_behaviour_05_a_body_that_is_not_json_is_400_text(api: httpx.AsyncClient) -> None:
    response = await api.post("/virtual-networks", content=b"not json", headers={"Content-Type": "application/json"})

    assert response.status_code == 400
    assert response.headers["content-type"].startswith("text/plain")


async def test_behaviour_06_an_unknown_parent_is_404(world: World) -> None:
    response = await world.post("virtual-network", "a", fq_name=["default-domain", f"nope-{world.domain}", "a"])

    assert response.status_code == 404
    assert f"Name['default-domain', 'nope-{world.domain}'] not found" in response.text


async def test_behaviour_06_an_unknown_domain_is_400(world: World) -> None:
    response = await world.post("project", "p", fq_name=[f"nope-{world.domain}", "p"], parent_type="domain")

    assert response.status_code == 400
    assert f"Parent ['nope-{world.domain}'] type domain does not exist" in response.text


async def test_behaviour_07_an_unknown_uuid_is_404_text(api: httpx.AsyncClient) -> None:
    response = await api.get(f"/virtual-network/{FAR_AWAY}")

    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/plain")


async def test_behaviour_07_a_uuid_of_another_kind_is_404(world: World) -> None:
    network = await world.network("a")

    response = await world.api.get(f"/project/{network['uuid']}")

    assert (response.status_code, response.text) == (404, f"No project object found for id {network['uuid']}")


async def test_behaviour_08_an_update_changes_what_it_names_and_the_time(world: World) -> None:
    before = await world.network("a", "10.1.1.0/24", mtu=1400)

    response = await world.put("virtual-network", before["uuid"], display_name="b")
    after = await world.read("virtual-network", before["uuid"])

    assert response.status_code == 200
    assert response.json()["virtual-network"].keys() == {"uuid", "href"}
    assert after["id_perms"].pop("last_modified") > before["id_perms"].pop("last_modified")
    assert after == {**before, "display_name": "b"}


async def test_behaviour_09_what_cannot_change_is_ignored_in_a_whole_document(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    await world.interface(network, "port")
    before = await world.read("virtual-network", network["uuid"])
    edited = {
        **before,
        "fq_name": ["x", "y", "z"],
        "uuid": FAR_AWAY,
        "name": "z",
        "parent_uuid": FAR_AWAY,
        "parent_type": "domain",
        "href": "http://nowhere/",
        "virtual_machine_interface_back_refs": [],
        "routing_instances": [],
    }

    await world.update("virtual-network", before["uuid"], **edited)
    after = await world.read("virtual-network", before["uuid"])

    assert after["id_perms"].pop("last_modified") >= before["id_perms"].pop("last_modified")
    assert after == before


async def test_behaviour_09_a_network_with_only_router_external_refuses_its_own_document(world: World) -> None:
    network = await world.network("a", router_external=True)

    response = await world.put("virtual-network", network["uuid"], **network)

    assert response.status_code == 400
    assert "Inconsistent router_external (True) and global_access (0)" in response.text


async def test_behaviour_10_null_removes_a_property(world: World) -> None:
    network = await world.network("a", mtu=1400)
    assert network["mtu"] == 1400

    await world.update("virtual-network", network["uuid"], mtu=None)

    assert "mtu" not in await world.read("virtual-network", network["uuid"])


@pytest.mark.parametrize("body", [{"mtu": 99999}, {"is_shared": "true"}, {"mtu": "many"}], ids=str)
async def test_behaviour_11_values_that_the_schema_forbids_are_400(world: World, body: dict[str, Any]) -> None:
    network = await world.network("a")

    response = await world.put("virtual-network", network["uuid"], **body)

    assert response.status_code == 400
    assert next(iter(body)) in response.text
    assert await world.read("virtual-network", network["uuid"]) == network


async def test_behaviour_11_a_number_in_text_is_stored_as_a_number(world: World) -> None:
    network = await world.network("a")

    await world.update("virtual-network", network["uuid"], mtu="1400")

    assert (await world.read("virtual-network", network["uuid"]))["mtu"] == 1400


async def test_behaviour_12_an_unknown_key_is_refused_inside_a_value_and_ignored_at_the_top(world: World) -> None:
    network = await world.network("a")

    inside = await world.put("virtual-network", network["uuid"], virtual_network_properties={"forwarding_mood": "l3"})
    top = await world.put("virtual-network", network["uuid"], forwarding_mood="l3")

    assert inside.status_code == 400
    assert "forwarding_mood" in inside.text
    assert top.status_code == 200
    assert "forwarding_mood" not in await world.read("virtual-network", network["uuid"])


async def test_behaviour_36_an_etag_spares_the_body_until_the_next_write(world: World) -> None:
    network = await world.network("a")
    path = f"/virtual-network/{network['uuid']}"
    first = await world.api.get(path)
    etag = {"If-None-Match": first.headers["etag"]}

    unchanged = await world.api.get(path, headers=etag)
    bare = await world.api.get(path, headers={"If-None-Match": first.headers["etag"].strip('"')})
    await world.update("virtual-network", network["uuid"], display_name="b")
    changed = await world.api.get(path, headers=etag)

    assert first.headers["etag"] == f'"{network["id_perms"]["last_modified"]}"'
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert bare.status_code == 304
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


async def test_behaviour_37_one_annotation_is_set_and_got(world: World) -> None:
    network = await world.network("a", network_ipam_refs=link())
    uuid = network["uuid"]
    updates = [{"field": "annotations", "operation": "set", "value": {"key": "k", "value": "v"}}]

    answer = await world.action("prop-collection-update", uuid=uuid, updates=updates)
    got = await world.api.get("/prop-collection-get", params={"uuid": uuid, "fields": "annotations", "position": "k"})

    assert answer.status_code == 200
    assert (await world.read("virtual-network", uuid))["annotations"] == {"key_value_pair": [{"key": "k", "value": "v"}]}
    assert got.json() == {"annotations": [[{"key": "k", "value": "v"}, "k"]]}


async def test_behaviour_37_a_field_that_is_no_collection_is_400(world: World) -> None:
    network = await world.network("a")

    written = await world.action("prop-collection-update", uuid=network["uuid"], updates=[{"field": "mtu", "operation": "set", "value": 1}])
    read = await world.api.get("/prop-collection-get", params={"uuid": network["uuid"], "fields": "mtu"})

    assert (written.status_code, written.text) == (400, 'mtu neither "ListProperty" nor "MapProperty"')
    assert (read.status_code, read.text) == (400, 'mtu neither "ListProperty" nor "MapProperty"')
