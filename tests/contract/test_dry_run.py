"""A dry run does and checks all that the request would, answers the same, and lets nothing stay (issue 3; design.md, Old paths and new)."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from api_server.http.openapi import document
from api_server.model.catalog import ROOT, load
from api_server.model.kind import Kind
from tests.contract.population import Population
from tests.contract.seeds import NEVER, Seed, Seeds
from tests.contract.world import Document, World

CATALOG = load()
KINDS = [kind for kind in CATALOG if kind.name != ROOT]
OPENAPI: Document = json.loads(document(CATALOG, version="0"))
VERBS = {"create": ("/{collection}", "post"), "update": ("/{kind}/{{uuid}}", "put"), "delete": ("/{kind}/{{uuid}}", "delete")}
# Everything but the lists of what is free, which may be refilled: they say what could be given, not what was.
TABLES = ("resource", "reference", "change", "subnet", "address", "number", "key_value")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
def seeds(world: World) -> Seeds:
    return Seeds(Population(world, CATALOG))


async def stored(database: Any) -> list[str]:
    """All that is stored, as one text a table."""
    row = "(to_jsonb(t) - 'frontier')::text"
    return [await database.fetchval(f"SELECT md5(coalesce(string_agg({row}, '' ORDER BY {row}), '')) FROM {table} t") for table in TABLES]


async def send(world: World, method: str, path: str, seed: Seed, **query: str) -> httpx.Response:
    return await world.api.request(method, path.format(**seed.path), params={**seed.query, **query}, json=seed.body)


def example(path: str, method: str) -> Any:
    content = OPENAPI["paths"][path][method].get("requestBody", {}).get("content", {})
    return next((each["value"] for each in content.get("application/json", {}).get("examples", {}).values()), None)


def actions() -> list[tuple[str, str]]:
    """The operations beside those of kinds that can be asked for a dry run."""
    of_kinds = {path.format(collection=kind.collection, kind=kind.name) for kind in KINDS for path, _ in VERBS.values()}
    asked = {"$ref": "#/components/parameters/dry_run"}
    return [
        (path, method)
        for path, item in OPENAPI["paths"].items()
        if path not in of_kinds
        for method in item
        if method in ("post", "put", "delete") and asked in item[method].get("parameters", [])
    ]


async def assert_nothing_stays(world: World, database: Any, method: str, path: str, seed: Seed) -> None:
    before = await stored(database)

    dry = await send(world, method, path, seed, dry_run="true")

    assert (dry.status_code, dry.headers.get("dry-run")) == (200, "true"), dry.text
    assert await stored(database) == before
    # Nor was anything used up that the request needs.
    wet = await send(world, method, path, seed)
    assert wet.status_code == 200, wet.text
    assert "dry-run" not in wet.headers


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
async def test_the_verbs_of_a_kind(world: World, seeds: Seeds, database: Any, kind: Kind) -> None:
    for verb, (pattern, method) in VERBS.items():
        path = pattern.format(collection=kind.collection, kind=kind.name)
        if f"{kind.snake}_{verb}" not in NEVER:
            await assert_nothing_stays(world, database, method, path, await seeds.of_kind(kind, verb, example(path, method)))


@pytest.mark.parametrize(("path", "method"), actions())
async def test_an_action(world: World, seeds: Seeds, database: Any, path: str, method: str) -> None:
    await assert_nothing_stays(world, database, method, path, await seeds.of_action(path, method))


async def test_the_next_create_gets_the_address_that_dry_runs_were_given(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    refs = {"virtual_network_refs": [{"to": network["fq_name"]}]}
    for _ in range(70):
        # More than one refill of what is free.
        await world.api.post("/instance-ips", json=world.document("instance-ip", uuid4().hex, **refs), params={"dry_run": "true"})

    address = await world.address(network)

    assert address["instance_ip_address"] == "10.1.1.252"


async def test_a_dry_run_is_refused_as_the_request_would_be(world: World) -> None:
    network = await world.network("a", "10.1.1.0/30")
    taken = world.document("virtual-network", "a")

    twin = await world.api.post("/virtual-networks", json=taken, params={"dry_run": "true"})
    blocked = await world.api.delete(f"/project/{world.project_id}", params={"dry_run": "true"})

    assert twin.text == f"{network['fq_name']} already exists with uuid: {network['uuid']}"
    assert twin.status_code == 409
    assert blocked.text.startswith("Delete when children still present: [")


async def test_what_is_left_to_the_commit_is_checked(world: World, database: Any) -> None:
    """An owner is checked at the commit only: a dry run checks it all the same."""
    network = await world.network("a", "10.1.1.0/24")
    body = world.document("instance-ip", "b", virtual_network_refs=[{"to": network["fq_name"]}])
    await database.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE numeric_value_out_of_range; END'")
    trigger = (
        "CREATE CONSTRAINT TRIGGER refusing AFTER INSERT ON address DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    await database.execute(trigger)
    try:
        dry = await world.api.post("/instance-ips", json=body, params={"dry_run": "true"})
    finally:
        await database.execute("DROP TRIGGER refusing ON address; DROP FUNCTION refuse()")

    assert dry.status_code == 400


@pytest.mark.parametrize(("value", "dry"), [("", True), ("true", True), ("1", True), ("false", False), ("0", False)])
async def test_the_flag_acts_by_presence(world: World, value: str, dry: bool) -> None:
    made = await world.api.post("/virtual-machines", json=world.document("virtual-machine", "a"), params={"dry_run": value})

    found = await world.api.get(f"/virtual-machine/{made.json()['virtual-machine']['uuid']}")

    assert found.status_code == (404 if dry else 200)
