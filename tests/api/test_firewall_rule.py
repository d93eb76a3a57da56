"""Firewall rules: what follows from the names in them (contract 3.4 firewall family)."""

from typing import Any

import pytest

from tests.contract.world import Document, World

RULE: Document = {"service": {"protocol": "tcp"}, "action_list": {"simple_action": "pass"}, "direction": "<>"}


async def rule(world: World, name: str, **body: Any) -> Document:
    made = await world.create("firewall-rule", name, **{**RULE, **body})
    return await world.read("firewall-rule", made["uuid"])


async def group(world: World, name: str) -> Document:
    made = await world.create("address-group", name)
    return {**made, "colon": ":".join(made["fq_name"])}


def targets(shown: Document, name: str) -> list[list[str]]:
    return [ref["to"] for ref in shown.get(name, [])]


async def test_refs_follow_from_the_names_in_both_endpoints(world: World) -> None:
    network, servers = await world.network("blue"), await group(world, "servers")

    shown = await rule(
        world, "r", endpoint_1={"virtual_network": ":".join(network["fq_name"])}, endpoint_2={"address_group": servers["colon"]}
    )

    assert targets(shown, "virtual_network_refs") == [network["fq_name"]]
    assert targets(shown, "address_group_refs") == [servers["fq_name"]]


async def test_refs_follow_a_changed_endpoint_though_the_document_tells_the_old_ones(world: World) -> None:
    first, second = await group(world, "first"), await group(world, "second")
    shown = await rule(world, "r", endpoint_1={"address_group": first["colon"]}, endpoint_2={"any": True})

    await world.update("firewall-rule", shown["uuid"], **{**shown, "endpoint_1": {"address_group": second["colon"]}})

    assert targets(await world.read("firewall-rule", shown["uuid"]), "address_group_refs") == [second["fq_name"]]


async def test_one_group_on_both_sides_is_one_ref(world: World) -> None:
    servers = await group(world, "servers")

    shown = await rule(world, "r", endpoint_1={"address_group": servers["colon"]}, endpoint_2={"address_group": servers["colon"]})

    assert targets(shown, "address_group_refs") == [servers["fq_name"]]


async def test_a_named_group_is_not_deleted_under_the_rule(world: World) -> None:
    servers = await group(world, "servers")
    await rule(world, "r", endpoint_1={"address_group": servers["colon"]})

    assert (await world.delete("address-group", servers["uuid"])).status_code == 409


async def test_the_whole_document_can_be_put_back(world: World) -> None:
    servers = await group(world, "servers")
    shown = await rule(world, "r", endpoint_1={"address_group": servers["colon"]}, match_tags={"tag_list": ["application", "Tier"]})

    await world.update("firewall-rule", shown["uuid"], **shown)

    again = await world.read("firewall-rule", shown["uuid"])
    assert {**again, "id_perms": None} == {**shown, "id_perms": None}
    assert shown["match_tag_types"] == {"tag_type": [1, 2]}


@pytest.mark.parametrize("verb", ["PUT", "ref-update"])
async def test_refs_that_follow_are_not_set_by_hand(world: World, verb: str) -> None:
    servers, shown = await group(world, "servers"), await rule(world, "r", endpoint_1={"any": True})

    if verb == "PUT":
        answer = await world.put("firewall-rule", shown["uuid"], address_group_refs=[{"uuid": servers["uuid"]}])
    else:
        target = {"ref-type": "address-group", "ref-uuid": servers["uuid"]}
        answer = await world.action("ref-update", type="firewall-rule", uuid=shown["uuid"], operation="ADD", **target)

    assert answer.status_code == 400
    assert "address_group_refs" in answer.text
    assert "address_group_refs" not in await world.read("firewall-rule", shown["uuid"])


@pytest.mark.parametrize(
    "body",
    [
        {"match_tag_types": {"tag_type": [7]}},
        {"endpoint_1": {"any": True, "tag_ids": [5]}},
    ],
    ids=["match_tag_types", "tag_ids"],
)
async def test_ids_are_not_set_by_hand(world: World, body: Document) -> None:
    shown = await rule(world, "r", endpoint_1={"any": True})

    for answer in [await world.post("firewall-rule", "s", **{**RULE, **body}), await world.put("firewall-rule", shown["uuid"], **body)]:
        assert answer.status_code == 400
        assert "can not be set" in answer.text


@pytest.mark.parametrize("field", ["endpoint_1", "endpoint_2", "match_tags", "service", "action_list"])
@pytest.mark.parametrize("value", ["", 0, [], {}, False, {"tags": [None, ""]}, {"tag_list": [None]}, {"protocol": ""}], ids=repr)
async def test_an_odd_value_is_never_the_servers_fault(world: World, field: str, value: Any) -> None:
    shown = await rule(world, "r")

    for answer in [
        await world.post("firewall-rule", "s", **{**RULE, field: value}),
        await world.put("firewall-rule", shown["uuid"], **{field: value}),
    ]:
        assert answer.status_code in (200, 400)


async def test_a_rule_of_all_projects_refers_to_nothing_of_one(world: World) -> None:
    network, servers, services = await world.network("blue"), await group(world, "servers"), await world.create("service-group", "web")
    manager = await world.create("policy-management", "all", fq_name=[f"all-{world.domain}"], parent_type=None)
    place = {"fq_name": [*manager["fq_name"], "r"], "parent_type": "policy-management"}
    named: list[Document] = [
        {"endpoint_1": {"virtual_network": ":".join(network["fq_name"])}},
        {"endpoint_1": {"address_group": servers["colon"]}},
    ]
    grouped: Document = {"service": None, "service_group_refs": [{"uuid": services["uuid"]}]}

    for body in [*named, grouped]:
        answer = await world.post("firewall-rule", "r", **{**RULE, **place, **body})
        assert answer.status_code == 400
        assert "is of one project" in answer.text
    made = await world.create("firewall-rule", "r", **{**RULE, **place})
    for body in [*named, grouped]:
        assert (await world.put("firewall-rule", made["uuid"], **body)).status_code == 400


async def test_a_policy_management_of_a_project_is_of_that_project(world: World) -> None:
    servers, manager = await group(world, "servers"), await world.create("policy-management", "mine")

    made = await world.create(
        "firewall-rule",
        "r",
        **{**RULE, "endpoint_1": {"address_group": servers["colon"]}},
        fq_name=[*manager["fq_name"], "r"],
        parent_type="policy-management",
    )

    assert targets(await world.read("firewall-rule", made["uuid"]), "address_group_refs") == [servers["fq_name"]]
