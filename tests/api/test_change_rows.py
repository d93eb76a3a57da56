"""Each effect of a write has a change row: replayed in the order of their revisions they make the tables again."""

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import asyncpg
import orjson
import pytest

from tests.contract.world import Document, World


@pytest.fixture
async def session(database_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def told(session: Any, uuid: str) -> list[tuple[str, Document | None, Document | None]]:
    """What the change rows of an object say, the first first."""
    rows = await session.fetch("SELECT operation, before, after FROM change WHERE uuid = $1 ORDER BY revision", uuid)
    return [(row["operation"], *(orjson.loads(row[name]) if row[name] else None for name in ("before", "after"))) for row in rows]


async def last(session: Any, uuid: str) -> tuple[str, dict[str, Any]]:
    """The latest operation, and the refs that the object had then by their targets' uuids."""
    operation, _, after = (await told(session, uuid))[-1]
    assert after is not None
    return operation, {ref[0]: ref[2] for refs in after["refs"].values() for ref in refs}


async def ref_update(world: World, source: Document, target: Document, operation: str, **more: Any) -> None:
    kind = "virtual-network"
    body = {"type": kind, "uuid": source["uuid"], "ref-type": kind, "ref-uuid": target["uuid"], "operation": operation, **more}
    await world.action("ref-update", **body)


async def test_both_sides_of_a_symmetric_ref_are_told_when_it_comes_changes_and_goes(world: World, session: Any) -> None:
    one, other = await world.network("one"), await world.network("other", is_provider_network=True)
    seen = []
    for operation, more in (("ADD", {}), ("ADD", {"attr": None}), ("DELETE", {})):
        await ref_update(world, one, other, operation, **more)
        seen.append((await last(session, one["uuid"]), await last(session, other["uuid"])))

    assert seen == [
        (("UPDATE", {other["uuid"]: None}), ("UPDATE-IMPLICIT", {one["uuid"]: None})),
        (("UPDATE", {other["uuid"]: None}), ("UPDATE-IMPLICIT", {one["uuid"]: None})),
        (("UPDATE", {}), ("UPDATE-IMPLICIT", {})),
    ]


async def test_an_object_made_with_a_symmetric_ref_tells_of_the_other_side_too(world: World, session: Any) -> None:
    one = await world.network("one", is_provider_network=True)
    before = (await world.read("virtual-network", one["uuid"]))["id_perms"]["last_modified"]
    other = await world.network("other", virtual_network_refs=[{"to": one["fq_name"]}])

    assert await last(session, one["uuid"]) == ("UPDATE-IMPLICIT", {other["uuid"]: None})
    shown = await world.read("virtual-network", one["uuid"])
    assert [ref["uuid"] for ref in shown["virtual_network_refs"]] == [other["uuid"]]
    assert shown["id_perms"]["last_modified"] > before


async def test_a_ref_that_vanishes_with_its_target_is_told_of_its_source(world: World, session: Any) -> None:
    one = await world.network("one", is_provider_network=True)
    other = await world.network("other", virtual_network_refs=[{"to": one["fq_name"]}])
    policy = await world.create("network-policy", "policy")
    source = await world.network("source", network_policy_refs=[{"to": policy["fq_name"], "attr": None}])
    await world.action("ref-relax-for-delete", uuid=source["uuid"], **{"ref-uuid": policy["uuid"]})
    before = (await world.read("virtual-network", source["uuid"]))["id_perms"]["last_modified"]

    await world.delete("virtual-network", other["uuid"])
    await world.delete("network-policy", policy["uuid"])

    assert (await told(session, other["uuid"]))[-1][0] == "DELETE"
    assert await last(session, one["uuid"]) == ("UPDATE-IMPLICIT", {})
    assert await last(session, source["uuid"]) == ("UPDATE-IMPLICIT", {})
    assert (await world.read("virtual-network", source["uuid"]))["id_perms"]["last_modified"] > before


async def test_a_ref_that_is_relaxed_changes_nothing_that_can_be_read_and_is_not_told(world: World, session: Any) -> None:
    policy = await world.create("network-policy", "policy")
    source = await world.network("source", network_policy_refs=[{"to": policy["fq_name"], "attr": None}])
    before = await told(session, source["uuid"])
    await world.action("ref-relax-for-delete", uuid=source["uuid"], **{"ref-uuid": policy["uuid"]})

    assert await told(session, source["uuid"]) == before


async def test_permissions_and_element_edits_are_told_as_updates_with_the_state_before_and_after(world: World, session: Any) -> None:
    network = await world.network("a")
    update = {"field": "annotations", "operation": "set", "value": {"key": "colour", "value": "red"}}
    await world.action("chmod", uuid=network["uuid"], global_access=5)
    await world.action("chown", uuid=network["uuid"], owner=world.project_id)
    await world.action("prop-collection-update", uuid=network["uuid"], updates=[update])
    await world.update("virtual-network", network["uuid"], id_perms={"enable": False, "description": "off"})

    rows = (await told(session, network["uuid"]))[1:]

    assert [operation for operation, _, _ in rows] == ["UPDATE"] * 4
    states = [(before, after) for _, before, after in rows if before and after]
    assert [after["perms2"]["global_access"] for _, after in states] == [5, 5, 5, 5]
    assert [after["perms2"]["owner"] for _, after in states][1:] == [world.project_id] * 3
    assert ["annotations" in after["properties"] for _, after in states] == [False, False, True, True]
    assert (states[3][1]["id_perms"]["enable"], states[3][1]["id_perms"]["description"]) == (False, "off")
    for (_, after), (before, _) in pairwise(states):
        assert {**before, "modified": None} == {**after, "modified": None}


async def test_a_change_row_carries_the_times_that_a_read_shows(world: World, session: Any) -> None:
    network = await world.network("a")
    seen = []
    for name in ("one", "two"):
        shown = (await world.read("virtual-network", network["uuid"]))["id_perms"]
        row = await session.fetchrow("SELECT created, modified FROM change WHERE uuid = $1 ORDER BY revision DESC LIMIT 1", network["uuid"])
        stored = [row[column].isoformat(timespec="microseconds")[:26] for column in ("created", "modified")]
        seen.append(([shown["created"], shown["last_modified"]], stored))
        await world.update("virtual-network", network["uuid"], display_name=name)

    assert all(shown == stored for shown, stored in seen)
