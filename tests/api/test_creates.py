"""New objects are stored in one statement, as long as what was taken for granted of others holds."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from api_server.model import catalog
from api_server.model.caller import Caller
from api_server.model.resource import Resource, new_uuid
from api_server.store.assumptions import Assumption, Disproved, nobody_within, unchanged
from api_server.store.creates import insert_all
from api_server.store.database import Database
from api_server.store.journal import Journal, document_of
from tests.api.census import Census, census

KINDS = catalog.load()


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    opened = await Database.open(dsn, 2)
    yield opened
    await opened.close()


def machine(uuid: str | None = None) -> Resource:
    uuid = uuid or new_uuid()
    return Resource(KINDS["virtual-machine"], uuid, (uuid,), properties={"display_name": uuid})


def port(*machines: Resource) -> Resource:
    uuid = new_uuid()
    new = Resource(KINDS["virtual-machine-interface"], uuid, (uuid,))
    for each in machines:
        new.refer(each.link, {"a": [1, None]})
    return new


async def store(database: Database, *new: Resource, assumed: tuple[Assumption, ...] = ()) -> None:
    async with database.transaction() as connection:
        await insert_all(connection.alone, Journal(Caller("tester"), "request-1"), new, assumed)


async def counted(database: Database) -> Census:
    async with database.connection() as connection:
        return await census(connection.raw)


async def test_an_object_is_told_when_it_was_stored_and_the_change_tells_the_same(database: Database) -> None:
    new = machine()
    await store(database, new)

    async with database.connection() as connection:
        stored = await connection.raw.fetchrow("SELECT modified, created FROM resource WHERE uuid = $1", new.uuid)
        change = await connection.raw.fetchrow("SELECT * FROM change WHERE uuid = $1", new.uuid)
    assert new.modified == stored["modified"] == stored["created"] == change["modified"] == change["created"]
    assert (change["operation"], change["actor"], change["request_id"], change["before"]) == ("CREATE", "tester", "request-1", None)


async def test_objects_made_together_lie_a_microsecond_apart(database: Database) -> None:
    new = [machine() for _ in range(3)]
    await store(database, *new)

    moments = [one.modified for one in new if one.modified]
    assert [each - moments[0] for each in moments] == [timedelta(microseconds=number) for number in range(3)]


async def test_what_is_as_it_was_is_proved(database: Database) -> None:
    one, two = machine(), machine()
    await store(database, one, two)
    assert one.modified is not None
    assert two.modified is not None
    new = port(one, two)
    await store(database, new, assumed=(unchanged(one.uuid, one.modified), unchanged(two.uuid, two.modified)))

    async with database.connection() as connection:
        refs = await connection.raw.fetchval("SELECT count(*) FROM reference WHERE source = $1", new.uuid)
    assert refs == 2


@pytest.mark.parametrize("which", ["changed", "gone", "one of two"])
async def test_nothing_is_written_when_an_assumption_fails(database: Database, which: str) -> None:
    one, two = machine(), machine()
    await store(database, one, two)
    assert one.modified is not None
    assert two.modified is not None
    wrong = {
        "changed": (unchanged(one.uuid, one.modified - timedelta(microseconds=1)),),
        "gone": (unchanged(new_uuid(), one.modified),),
        "one of two": (unchanged(one.uuid, one.modified), unchanged(two.uuid, one.modified)),
    }
    before = await counted(database)

    with pytest.raises(Disproved):
        await store(database, port(one), machine(), assumed=wrong[which])
    assert await counted(database) == before


async def test_a_range_of_uuids_is_proved_to_be_nobodys(database: Database) -> None:
    first = machine()
    await store(database, first)
    around = UUID(first.uuid).int
    after = (str(UUID(int=around + 1)), str(UUID(int=around + 2)))
    from_it = (first.uuid, after[1])
    await store(database, machine(), assumed=(nobody_within(*after),))

    with pytest.raises(Disproved):
        await store(database, machine(), assumed=(nobody_within(*from_it),))


async def test_a_change_row_tells_the_whole_object(database: Database) -> None:
    target = machine()
    new = port(target)
    new.properties = {"display_name": "ünï", "sub": {"n": 1.5, "list": [1, "2", None]}}
    new.positions = {"annotations": ["a"]}
    await store(database, target, new)

    async with database.connection() as connection:
        told = await connection.raw.fetchval("SELECT after FROM change WHERE uuid = $1", new.uuid)
    assert orjson.loads(told) == orjson.loads(orjson.dumps(document_of(new)))
