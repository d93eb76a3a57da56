"""Lists that are sent piece by piece (contract 1.5): whole, in order, at their reader's pace, and never half of one for the whole."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from tests.contract.world import Document
from tests.served import Postgres, run, served

# More than two pieces, and more than a connection holds on its way.
MANY = 1_117
KIND = "route-table"
PROJECT = ["default-domain", "default-project"]
NAMES = [f"table-{number:04d}" for number in range(MANY)]
NOTE = {"key_value_pair": [{"key": "note", "value": "x" * 12_000}]}


@dataclass(frozen=True, slots=True)
class Crowd:
    """A server with one connection for all its requests, and many objects of one kind: `uuids` in the order in which they were made."""

    url: str
    dsn: str
    uuids: list[str]
    api: httpx.AsyncClient

    async def asked(self, **query: str) -> Document:
        response = await self.api.get(f"/{KIND}s", params=query)
        assert response.status_code == 200, response.text
        answer: Document = response.json()
        return answer

    async def listed(self, **query: str) -> list[Document]:
        return [each.get(KIND, each) for each in (await self.asked(**query))[f"{KIND}s"]]

    async def parent(self) -> str:
        uuid: str = (await self.listed(obj_uuids=self.uuids[0], detail="true"))[0]["parent_uuid"]
        return uuid


@pytest.fixture(scope="module")
def crowded(postgres: Postgres) -> Iterator[tuple[str, str, list[str]]]:
    with postgres.database() as dsn, served(DATABASE_URL=dsn, NETWEAVE_POOL_SIZE="1") as server:
        yield server.url, dsn, run(_fill(server.url))


async def _fill(url: str) -> list[str]:
    """The objects are made in an order that is not that of their names."""
    names = [NAMES[number * 7 % MANY] for number in range(MANY)]
    entries = [{"kind": KIND, "data": {"fq_name": [*PROJECT, name], "parent_type": "project", "annotations": NOTE}} for name in names]
    async with httpx.AsyncClient(base_url=url, timeout=120, trust_env=False) as api:
        response = await api.post("/v2/bulk", json={"resources": entries})
    assert response.status_code == 200, response.text
    return [entry[KIND]["uuid"] for entry in response.json()["results"]]


@pytest.fixture
async def crowd(crowded: tuple[str, str, list[str]]) -> AsyncIterator[Crowd]:
    async with httpx.AsyncClient(base_url=crowded[0], timeout=60, trust_env=False) as api:
        yield Crowd(*crowded, api)


async def test_a_long_list_without_anchor_is_whole_and_in_the_order_of_names(crowd: Crowd) -> None:
    listed = await crowd.listed()

    assert [each["fq_name"] for each in listed] == [[*PROJECT, name] for name in NAMES]
    assert {each["uuid"] for each in listed} == set(crowd.uuids)


async def test_a_long_list_of_children_is_whole_and_in_the_order_they_were_made(crowd: Crowd) -> None:
    listed = await crowd.listed(parent_id=await crowd.parent(), detail="true")
    alone = (await crowd.api.get(f"/{KIND}/{crowd.uuids[-1]}")).json()[KIND]

    assert [each["uuid"] for each in listed] == crowd.uuids
    assert listed[-1] == {name: value for name, value in alone.items() if name != "parent_href"}


async def test_a_long_list_of_uuids_is_whole_and_in_the_order_of_names(crowd: Crowd) -> None:
    response = await crowd.api.post("/list-bulk-collection", json={"type": KIND, "obj_uuids": crowd.uuids})

    assert [each["fq_name"][-1] for each in response.json()[f"{KIND}s"]] == NAMES


@pytest.mark.parametrize("anchored", [True, False], ids=["of a parent", "of all"])
async def test_long_pages_hold_each_object_once(crowd: Crowd, anchored: bool) -> None:
    anchor = {"parent_id": await crowd.parent()} if anchored else {}
    sizes: list[int] = []
    found: list[str] = []
    marker: str | None = ""
    while marker is not None:
        page = await crowd.asked(**anchor, page_marker=marker, page_limit="700")
        sizes.append(len(page[f"{KIND}s"]))
        found += [each["uuid"] for each in page[f"{KIND}s"]]
        marker = page["marker"]

    assert sizes == [700, MANY - 700]
    assert sorted(found) == sorted(crowd.uuids)


async def test_a_page_that_is_full_has_a_marker_however_long_it_is(crowd: Crowd) -> None:
    page = await crowd.asked(parent_id=await crowd.parent(), page_marker="", page_limit=str(MANY))

    assert page["marker"] == page[f"{KIND}s"][-1]["uuid"] == max(crowd.uuids)


async def test_a_short_list_says_how_long_it_is_and_a_long_one_does_not(crowd: Crowd) -> None:
    short = await crowd.api.get(f"/{KIND}s", params={"page_marker": "", "page_limit": "3"})
    long = await crowd.api.get(f"/{KIND}s")
    head = await crowd.api.head(f"/{KIND}s")

    assert short.headers["content-length"] == str(len(short.content))
    assert "content-length" not in long.headers
    assert "content-length" not in head.headers
    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", long.headers["content-type"])


# --- the reader's pace -----------------------------------------------------------------------------------------


class SlowReader:
    """Asks for all objects and takes the beginning of the answer, and the rest when it is told to."""

    def __init__(self, url: str) -> None:
        self._socket = socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=60)
        self._socket.sendall(f"GET /{KIND}s?detail=true HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        self._taken = self._socket.recv(100)

    def take_all(self) -> bytes:
        """The answer up to its end, or to where the server closes the connection."""
        while not self._taken.endswith(b"\r\n0\r\n\r\n") and (more := self._socket.recv(1 << 20)):
            self._taken += more
        return self._taken

    def close(self) -> None:
        self._socket.close()


async def test_slow_readers_keep_no_connection_from_others(crowd: Crowd) -> None:
    with closing(SlowReader(crowd.url)) as one, closing(SlowReader(crowd.url)) as other:
        meanwhile = await crowd.api.get("/projects")
        answers = [await asyncio.to_thread(reader.take_all) for reader in (one, other)]

    assert meanwhile.status_code == 200
    assert [_uuids(answer) for answer in answers] == [[each["uuid"] for each in await crowd.listed()]] * 2


async def test_a_reader_who_leaves_takes_nothing_along(crowd: Crowd) -> None:
    for _ in range(3):
        SlowReader(crowd.url).close()

    assert len(await crowd.listed()) == MANY


async def test_a_list_that_cannot_be_read_to_its_end_is_cut_off(crowd: Crowd) -> None:
    connection = await asyncpg.connect(crowd.dsn)
    with closing(SlowReader(crowd.url)) as reader:
        await connection.execute("ALTER TABLE reference RENAME TO away")
        try:
            answer = await asyncio.to_thread(reader.take_all)
        finally:
            await connection.execute("ALTER TABLE away RENAME TO reference")
            await connection.close()

    assert answer.startswith(b"HTTP/1.1 200")
    assert not answer.endswith(b"0\r\n\r\n")
    assert len(await crowd.listed()) == MANY


def _uuids(answer: bytes) -> list[str]:
    """Of the list that a chunked answer holds."""
    rest, body = answer.partition(b"\r\n\r\n")[2], b""
    while rest:
        length, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(length, 16)], rest[int(length, 16) + 2 :]
    return [each[KIND]["uuid"] for each in json.loads(body)[f"{KIND}s"]]
