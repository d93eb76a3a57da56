"""What a document says of identity, place, time and owner (contract 2)."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.contract.world import FAR_AWAY, Document, World

STANDARD = {"owner": "cloud-admin", "owner_access": 7, "group": "cloud-admin-group", "group_access": 7, "other_access": 7}


async def test_a_given_uuid_is_kept_whatever_its_version(world: World) -> None:
    uuid = str(UUID(int=uuid4().int, version=1))

    assert (await world.network("a", uuid=uuid))["uuid"] == uuid


async def test_null_in_a_create_means_not_given(world: World) -> None:
    network = await world.network(
        "a",
        uuid=None,
        mtu=None,
        display_name=None,
        network_policy_refs=None,
        annotations=None,
        id_perms=None,
        perms2=None,
        parent_uuid=None,
    )

    assert network["display_name"] == "a"
    assert {"mtu", "network_policy_refs", "annotations"}.isdisjoint(network)


async def test_what_a_reader_adds_is_ignored_in_a_create(world: World) -> None:
    read_only: Document = {"href": "http://nowhere/", "name": "z", "parent_href": "http://nowhere/", "routing_instances": [5]}
    document = world.document("virtual-network", "a")
    document["virtual-network"] |= {**read_only, "instance_ip_back_refs": [{"to": ["x"]}]}

    made = (await world.api.post("/virtual-networks", json=document)).json()["virtual-network"]
    shown = await world.read("virtual-network", made["uuid"])

    assert shown["name"] == "a"
    assert shown["href"].endswith(f"/virtual-network/{made['uuid']}")
    assert "instance_ip_back_refs" not in shown
    assert [child["to"] for child in shown["routing_instances"]] == [[*shown["fq_name"], "a"]]


async def test_id_perms_tell_identity_and_time(world: World) -> None:
    network = await world.network("a")
    perms = network["id_perms"]
    halves = perms["uuid"]

    assert halves["uuid_mslong"] << 64 | halves["uuid_lslong"] == UUID(network["uuid"]).int
    assert perms["created"] == perms["last_modified"]
    assert len(perms["created"]) == len("2024-05-01T10:11:12.123456")
    assert perms | {"uuid": 0, "created": 0, "last_modified": 0} == {
        "uuid": 0,
        "created": 0,
        "last_modified": 0,
        "enable": True,
        "user_visible": True,
        "description": None,
        "creator": None,
        "permissions": STANDARD,
    }


async def test_of_id_perms_an_update_takes_enable_and_description(world: World) -> None:
    network = await world.network("a", id_perms={"enable": True, "creator": "me", "user_visible": True})
    given = {
        "enable": False,
        "description": "words",
        "creator": "you",
        "user_visible": False,
        "created": "2001-01-01T00:00:00.000000",
        "last_modified": "2001-01-01T00:00:00.000000",
        "uuid": {"uuid_mslong": 1, "uuid_lslong": 2},
        "permissions": {**STANDARD, "owner": "you"},
    }

    await world.update("virtual-network", network["uuid"], id_perms=given)
    after = (await world.read("virtual-network", network["uuid"]))["id_perms"]

    assert (after["enable"], after["description"]) == (False, "words")
    kept = ("creator", "user_visible", "created", "uuid", "permissions")
    assert {name: after[name] for name in kept} == {name: network["id_perms"][name] for name in kept}
    assert after["creator"] == "me"
    assert after["last_modified"] > network["id_perms"]["last_modified"]


@pytest.mark.parametrize("name", ["id_perms", "perms2"])
async def test_null_permissions_in_an_update_change_nothing(world: World, name: str) -> None:
    network = await world.network("a")

    response = await world.put("virtual-network", network["uuid"], **{name: None})

    assert response.status_code in {200, 400}
    assert (await world.read("virtual-network", network["uuid"]))["perms2"] == network["perms2"]


async def test_a_child_is_owned_by_the_owner_of_its_parent(world: World) -> None:
    project = await world.read("project", world.project_id)
    network = await world.network("a")

    assert network["perms2"]["owner"] == project["perms2"]["owner"]
    assert network["perms2"] | {"owner": ""} == {"owner": "", "owner_access": 7, "global_access": 0, "share": []}


async def test_a_project_with_a_given_uuid_owns_itself(world: World) -> None:
    uuid = str(uuid4())
    await world.create("project", "", fq_name=[world.domain, "mine"], parent_type="domain", uuid=uuid)

    assert (await world.read("project", uuid))["perms2"]["owner"] == uuid.replace("-", "")


async def test_an_object_without_parent_is_the_administrators(world: World) -> None:
    machine = await world.create("virtual-machine", "vm")

    assert (await world.read("virtual-machine", machine["uuid"]))["perms2"]["owner"] == "cloud-admin"


async def test_a_domain_is_shared_with_itself(world: World) -> None:
    domain = await world.read("domain", world.ids["domain"])

    assert domain["perms2"]["share"] == [{"tenant": f"domain:{domain['uuid']}", "tenant_access": 6}]


async def test_an_update_replaces_perms2_and_fills_in_what_is_missing(world: World) -> None:
    policy = await world.create("network-policy", "a", perms2={"owner": "me", "share": [{"tenant": FAR_AWAY, "tenant_access": 5}]})

    await world.update("network-policy", policy["uuid"], perms2={"owner": "you"})

    shown = await world.read("network-policy", policy["uuid"])
    assert shown["perms2"] == {"owner": "you", "owner_access": 7, "global_access": 0, "share": []}


async def test_an_update_of_perms2_wants_an_owner(world: World) -> None:
    policy = await world.create("network-policy", "a")

    response = await world.put("network-policy", policy["uuid"], perms2={"global_access": 7})

    assert response.status_code == 400
    assert "owner in perms2 must be present" in response.text


@pytest.mark.parametrize(
    ("create", "update", "shared", "access"),
    [
        ({}, {}, False, 0),
        ({"is_shared": True}, {}, True, 7),
        ({"perms2": {"owner": "me", "global_access": 7}}, {}, True, 7),
        ({"router_external": True}, {}, False, 0),
        ({}, {"is_shared": True}, True, 7),
        ({}, {"router_external": True}, False, 5),
        ({"is_shared": True}, {"is_shared": False}, False, 0),
        ({}, {"perms2": {"owner": "me", "global_access": 4}}, True, 4),
    ],
    ids=str,
)
async def test_sharing_a_network_and_its_global_access_follow_each_other(
    world: World, create: Document, update: Document, shared: bool, access: int
) -> None:
    network = await world.network("a", **create)
    if update:
        await world.update("virtual-network", network["uuid"], **update)

    shown = await world.read("virtual-network", network["uuid"])

    assert (shown["is_shared"], shown["perms2"]["global_access"]) == (shared, access)


@pytest.mark.parametrize(
    "update",
    [
        {"is_shared": True, "perms2": {"owner": "me", "global_access": 0}},
        {"is_shared": False, "perms2": {"owner": "me", "global_access": 7}},
        {"router_external": True, "perms2": {"owner": "me", "global_access": 0}},
    ],
    ids=str,
)
async def test_sharing_that_contradicts_itself_is_refused(world: World, update: Document) -> None:
    network = await world.network("a")

    response = await world.put("virtual-network", network["uuid"], **update)

    assert response.status_code == 400
    assert response.text.startswith("Inconsistent ")


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        ("virtual-machine", {"fq_name": ["a", "b"]}, ""),
        ("virtual-network", {"fq_name": ["alone"]}, ""),
        ("virtual-network", {"parent_type": "domain"}, "Invalid parent type"),
        ("virtual-machine-interface", {"parent_type": None}, "Missing parent type: None. Allowed types: "),
        ("virtual-network", {"parent_uuid": FAR_AWAY}, ""),
    ],
)
async def test_a_place_that_cannot_be_is_refused(world: World, kind: str, body: Document, told: str) -> None:
    response = await world.post(kind, "a", **body)

    assert response.status_code == 400, response.text
    assert told in response.text


async def test_the_only_parent_type_may_be_left_out(world: World) -> None:
    made = await world.create("network-policy", "a", parent_type=None)

    assert (made["parent_type"], made["parent_uuid"]) == ("project", world.project_id)


async def test_a_kind_below_the_root_or_a_project_is_at_the_root_without_parent_type(world: World) -> None:
    made = await world.create("policy-management", "", fq_name=[world.domain], parent_type=None)

    assert "parent_type" not in made


async def test_config_root_is_accepted_as_a_parent_and_dropped(world: World) -> None:
    made = await world.create("domain", f"{world.domain}-2", parent_type="config-root")

    assert "parent_type" not in await world.read("domain", made["uuid"])


async def test_a_parent_uuid_that_agrees_is_accepted(world: World) -> None:
    assert (await world.network("a", parent_uuid=world.project_id))["parent_uuid"] == world.project_id


async def test_a_parent_uuid_that_disagrees_is_refused(world: World) -> None:
    other = await world.create("project", "", fq_name=[world.domain, "other"], parent_type="domain")

    assert (await world.post("virtual-network", "a", parent_uuid=other["uuid"])).status_code == 400


async def test_an_owner_in_the_body_makes_an_unknown_parent_400(world: World) -> None:
    response = await world.post("virtual-network", "a", fq_name=[world.domain, "nope", "a"], perms2={"owner": "me"})

    assert response.status_code == 400
    assert f"Parent ['{world.domain}', 'nope'] type project does not exist" in response.text


@pytest.mark.parametrize("text", ["", "x", "ü" * 300, "a\nb", '"', "\\", "\N{GRINNING FACE}"], ids=repr)
async def test_a_display_name_is_free_text(world: World, text: str) -> None:
    network = await world.network("a")

    await world.update("virtual-network", network["uuid"], display_name=text)

    assert (await world.read("virtual-network", network["uuid"]))["display_name"] == text


@pytest.mark.parametrize(
    "name", ["x" * 255, "\N{GRINNING FACE}" * 255, "a b", "a/b", "ü", "a%20b", "'", '"', "[]"], ids=lambda name: repr(name)[:20]
)
async def test_a_name_is_found_as_it_was_given(world: World, name: str) -> None:
    network = await world.network(name)

    found = await world.action("fqname-to-id", type="virtual-network", fq_name=[*world.project, name])
    listed = await world.listed("virtual-network", fq_names=":".join([*world.project, name]))

    assert found.json() == {"uuid": network["uuid"]}
    assert [each["uuid"] for each in listed] == [network["uuid"]]


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ({"mtu": "1400"}, {"mtu": 1400}),
        ({"mtu": 0}, {"mtu": 0}),
        ({"mtu": ""}, {"mtu": ""}),
        ({"virtual_network_properties": {"mtu": "1400"}}, {"virtual_network_properties": {"mtu": 1400}}),
        ({"virtual_network_properties": {}}, {"virtual_network_properties": {}}),
        ({"external_ipam": False}, {"external_ipam": False}),
    ],
    ids=str,
)
async def test_a_value_is_stored_as_the_schema_has_it(world: World, body: Document, stored: dict[str, Any]) -> None:
    network = await world.network("a", **body)

    assert {name: network[name] for name in stored} == stored


async def test_a_complex_property_is_replaced_as_a_whole(world: World) -> None:
    network = await world.network("a", virtual_network_properties={"forwarding_mode": "l3", "rpf": "disable"})

    await world.update("virtual-network", network["uuid"], virtual_network_properties={"rpf": "enable"})

    assert (await world.read("virtual-network", network["uuid"]))["virtual_network_properties"] == {"rpf": "enable"}


async def test_schema_defaults_are_not_filled_in(world: World) -> None:
    network = await world.network("a")

    assert {"mtu", "port_security_enabled", "mac_aging_time", "address_allocation_mode", "router_external"}.isdisjoint(network)


async def test_hrefs_begin_with_the_address_the_client_used(world: World) -> None:
    headers = {"Host": "contrail.example:8443"}

    shown = (await world.api.get(f"/project/{world.project_id}", headers=headers)).json()["project"]
    home = (await world.api.get("/", headers=headers)).json()

    assert shown["href"] == f"http://contrail.example:8443/project/{world.project_id}"
    assert home["href"] == "http://contrail.example:8443"


async def test_a_deleted_name_may_be_used_again(world: World) -> None:
    first = await world.network("a")
    assert (await world.delete("virtual-network", first["uuid"])).status_code == 200

    second = await world.network("a")

    assert second["uuid"] != first["uuid"]
    assert (await world.delete("virtual-network", first["uuid"])).text == f"ID {first['uuid']} does not exist"


async def test_one_name_may_be_used_by_objects_of_two_kinds(world: World) -> None:
    network = await world.network("a")
    policy = await world.create("network-policy", "a")

    assert network["fq_name"] == policy["fq_name"]


async def test_a_uuid_is_used_once_in_all_kinds(world: World) -> None:
    network = await world.network("a")

    response = await world.post("network-policy", "b", uuid=network["uuid"])

    assert response.status_code == 409
    assert response.text == f"{network['uuid']} already exists with fq_name: {network['fq_name']}"
