"""What the tests of bad input share: a ground that none of them may change, and the count of rows that proves it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import httpx
import pytest

from tests.api.census import census
from tests.contract.world import Document, World
from tests.served import run


@dataclass(frozen=True)
class Ground:
    """A project with one network, which all tests of the module share: none of them may change it."""

    domain: str
    ids: dict[str, str]
    network: Document


async def _lay(api_url: str) -> Ground:
    async with httpx.AsyncClient(base_url=api_url, timeout=60, trust_env=False) as client:
        world = await World(client).found()
        return Ground(world.domain, world.ids, await world.network("network", "10.0.0.0/24"))


@pytest.fixture(scope="module")
def ground(api_url: str) -> Ground:
    laid: Ground = run(_lay(api_url))
    return laid


@pytest.fixture
def world(api: httpx.AsyncClient, ground: Ground) -> World:
    return World(api, ground.domain, ground.ids)


@pytest.fixture
def network(ground: Ground) -> Document:
    return ground.network


@pytest.fixture
async def untouched(ground: Ground, database_url: str) -> AsyncIterator[None]:
    """What the test sends leaves no row of any kind."""
    del ground
    connection = await asyncpg.connect(database_url)
    try:
        before = await census(connection)
        yield
        assert await census(connection) == before
    finally:
        await connection.close()


def assert_refused(response: httpx.Response, status: int | None = None) -> None:
    assert 400 <= response.status_code < 500, f"{response.status_code}: {response.text[:300]}"
    assert status is None or response.status_code == status, response.text[:300]
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text.strip()


def name_for(value: object) -> str:
    return f"{value!r:.40}"
