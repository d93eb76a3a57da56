"""Collections: lists and maps edited element by element (contract 1.9, 3.1)."""

from typing import Any

import pytest

from tests.contract.world import FAR_AWAY, Document, World

LIST = "virtual_network_fat_flow_protocols"


def flow(port: int) -> Document:
    return {"protocol": "tcp", "port": port}


async def edit(world: World, network: Document, *updates: Document) -> None:
    response = await world.action("prop-collection-update", uuid=network["uuid"], updates=list(updates))
    assert (response.status_code, response.content) == (200, b""), response.text


async def got(world: World, network: Document, fields: str, **query: str) -> Any:
    response = await world.api.get("/prop-collection-get", params={"uuid": network["uuid"], "fields": fields, **query})
    assert response.status_code == 200, response.text
    return response.json()


async def ports(world: World, network: Document) -> list[int]:
    shown = await world.read("virtual-network", network["uuid"])
    return [each["port"] for each in shown.get(LIST, {}).get("fat_flow_protocol", [])]


async def pairs(world: World, network: Document) -> dict[str, str]:
    shown = await world.read("virtual-network", network["uuid"])
    return {pair["key"]: pair["value"] for pair in shown.get("annotations", {}).get("key_value_pair", [])}


async def test_given_elements_have_numbers_for_positions_and_keep_their_order(world: World) -> None:
    network = await world.network("a", **{LIST: {"fat_flow_protocol": [flow(port) for port in range(1, 13)]}})

    found = (await got(world, network, LIST))[LIST]

    assert [position for _, position in found] == [str(number) for number in range(12)]
    assert [element["port"] for element, _ in found] == list(range(1, 13))
    assert await ports(world, network) == list(range(1, 13))


async def test_elements_are_added_modified_and_deleted_by_position(world: World) -> None:
    network = await world.network("a", **{LIST: {"fat_flow_protocol": [flow(1), flow(2)]}})

    await edit(world, network, {"field": LIST, "operation": "add", "value": flow(3), "position": "7"})
    await edit(
        world,
        network,
        {"field": LIST, "operation": "modify", "value": flow(20), "position": "1"},
        {"field": LIST, "operation": "delete", "position": "0"},
        {"field": LIST, "operation": "delete", "position": "absent"},
    )

    assert await ports(world, network) == [20, 3]
    assert (await got(world, network, LIST, position="7"))[LIST] == [[flow(3), "7"]]


async def test_an_element_added_without_a_position_gets_a_fresh_one(world: World) -> None:
    network = await world.network("a")

    await edit(world, network, {"field": LIST, "operation": "ADD", "value": flow(1)})
    await edit(world, network, {"field": LIST, "operation": "Add", "value": flow(2)})
    positions = [position for _, position in (await got(world, network, LIST))[LIST]]

    assert sorted(await ports(world, network)) == [1, 2]
    assert len(set(positions)) == 2


async def test_modifying_an_absent_position_creates_it(world: World) -> None:
    network = await world.network("a")

    await edit(world, network, {"field": LIST, "operation": "modify", "value": flow(9), "position": "4"})

    assert (await got(world, network, LIST))[LIST] == [[flow(9), "4"]]


async def test_a_map_is_set_and_deleted_by_key(world: World) -> None:
    network = await world.network("a", annotations={"key_value_pair": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]})

    await edit(
        world,
        network,
        {"field": "annotations", "operation": "SET", "value": {"key": "a", "value": "3"}, "position": "ignored"},
        {"field": "annotations", "operation": "set", "value": {"key": "c", "value": "4"}},
        {"field": "annotations", "operation": "delete", "position": "b"},
        {"field": "annotations", "operation": "delete", "position": "absent"},
    )

    assert await pairs(world, network) == {"a": "3", "c": "4"}


async def test_a_map_keeps_the_last_of_a_repeated_key_and_reads_sorted(world: World) -> None:
    given = [{"key": key, "value": value} for key, value in (("b", "1"), ("a", "2"), ("b", "3"))]
    network = await world.network("a", annotations={"key_value_pair": given})

    assert network["annotations"] == {"key_value_pair": [{"key": "a", "value": "2"}, {"key": "b", "value": "3"}]}


async def test_several_collections_are_got_at_once(world: World) -> None:
    network = await world.network(
        "a", annotations={"key_value_pair": [{"key": "k", "value": "v"}]}, **{LIST: {"fat_flow_protocol": [flow(1)]}}
    )

    assert await got(world, network, f"annotations,{LIST}") == {
        "annotations": [[{"key": "k", "value": "v"}, "k"]],
        LIST: [[flow(1), "0"]],
    }


async def test_an_edit_moves_the_time_and_nothing_else(world: World) -> None:
    network = await world.network("a", mtu=1400)

    await edit(world, network, {"field": "annotations", "operation": "set", "value": {"key": "k", "value": "v"}})
    after = await world.read("virtual-network", network["uuid"])

    assert after["id_perms"].pop("last_modified") > network["id_perms"].pop("last_modified")
    assert after == {**network, "annotations": {"key_value_pair": [{"key": "k", "value": "v"}]}}


@pytest.mark.parametrize("body", [{}, {"updates": []}, {"updates": None}], ids=str)
async def test_an_edit_of_nothing_is_200(world: World, body: Document) -> None:
    network = await world.network("a")

    assert (await world.action("prop-collection-update", uuid=network["uuid"], **body)).status_code == 200


@pytest.mark.parametrize("nothing", [{}, {"key_value_pair": []}, None], ids=str)
async def test_an_update_with_nothing_clears_a_map(world: World, nothing: object) -> None:
    network = await world.network("a", annotations={"key_value_pair": [{"key": "k", "value": "v"}]})

    await world.update("virtual-network", network["uuid"], annotations=nothing)

    assert await pairs(world, network) == {}


async def test_an_update_replaces_the_whole_map(world: World) -> None:
    network = await world.network("a", annotations={"key_value_pair": [{"key": "a", "value": "1"}]})

    await world.update("virtual-network", network["uuid"], annotations={"key_value_pair": [{"key": "b", "value": "2"}]})

    assert await pairs(world, network) == {"b": "2"}


@pytest.mark.parametrize(
    ("update", "told"),
    [
        ({"operation": "set", "value": {"key": "k", "value": "v"}}, "field"),
        ({"field": "mtu", "operation": "set", "value": 1}, 'mtu neither "ListProperty" nor "MapProperty"'),
        ({"field": "nothing", "operation": "set", "value": 1}, "nothing"),
        ({"field": "annotations", "value": {"key": "k", "value": "v"}}, "operation"),
        ({"field": "annotations", "operation": "set"}, "value"),
        ({"field": "annotations", "operation": "set", "value": {"value": "v"}}, "key"),
        ({"field": "annotations", "operation": "set", "value": {"key": "k", "colour": "v"}}, "colour"),
        ({"field": "annotations", "operation": "add", "value": {"key": "k", "value": "v"}}, "Unsupported operation"),
        ({"field": "annotations", "operation": "delete"}, "position"),
        ({"field": LIST, "operation": "set", "value": {"protocol": "tcp"}}, "Unsupported operation"),
        ({"field": LIST, "operation": "modify", "value": {"protocol": "tcp"}}, "position"),
        ({"field": LIST, "operation": "delete"}, "position"),
        ({"field": LIST, "operation": "add"}, "value"),
        ({"field": LIST, "operation": "add", "value": {"colour": "red"}}, "colour"),
        ({"field": LIST, "operation": "add", "value": 5}, ""),
        (5, ""),
    ],
    ids=str,
)
async def test_a_wrong_edit_is_400_and_none_of_the_edits_is_made(world: World, update: Any, told: str) -> None:
    network = await world.network("a")
    good = {"field": "annotations", "operation": "set", "value": {"key": "first", "value": "1"}}

    response = await world.action("prop-collection-update", uuid=network["uuid"], updates=[good, update])

    assert response.status_code == 400, response.text
    assert told in response.text
    assert await world.read("virtual-network", network["uuid"]) == network


async def test_an_unknown_object_is_404(world: World) -> None:
    written = await world.action("prop-collection-update", uuid=FAR_AWAY, updates=[])
    read = await world.api.get("/prop-collection-get", params={"uuid": FAR_AWAY, "fields": "annotations"})

    assert [(answer.status_code, answer.text) for answer in (written, read)] == [(404, f"Object Not Found: {FAR_AWAY}")] * 2


@pytest.mark.parametrize("query", [{}, {"uuid": FAR_AWAY}, {"fields": "annotations"}], ids=str)
async def test_a_get_wants_uuid_and_fields(world: World, query: dict[str, str]) -> None:
    assert (await world.api.get("/prop-collection-get", params=query)).status_code == 400


async def test_an_edit_wants_a_uuid(world: World) -> None:
    assert (await world.action("prop-collection-update", updates=[])).status_code == 400


async def test_bindings_of_an_interface_are_a_map(world: World) -> None:
    port = await world.interface(await world.network("a"), "port")
    update = {"field": "virtual_machine_interface_bindings", "operation": "set", "value": {"key": "host_id", "value": "node"}}

    response = await world.action("prop-collection-update", uuid=port["uuid"], updates=[update])
    shown = await world.read("virtual-machine-interface", port["uuid"])

    assert response.status_code == 200
    assert {"key": "host_id", "value": "node"} in shown["virtual_machine_interface_bindings"]["key_value_pair"]
