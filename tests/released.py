"""Databases as a release left them, for the tests of migrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config

from api_server.model.places import data_directory
from tests.served import Postgres, run

# What release 0.1.0 wrote to.
RELEASED = "77046f3011c2"


def config(url: str) -> Config:
    """Alembic's, for the commands `upgrade` and `downgrade` on that database."""
    made = Config()
    for option, value in (("script_location", str(data_directory("migrations"))), ("sqlalchemy.url", url)):
        made.set_main_option(option, value.replace("%", "%%"))
    return made


@contextmanager
def filled_by(postgres: Postgres, rows_of_it: str) -> Iterator[str]:
    """A database as the release left it, with these rows."""
    url = postgres.make()
    command.upgrade(config(url), RELEASED)
    run(execute(url, rows_of_it))
    yield url
    postgres.drop(url)


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """What a query gives."""

    async def fetch() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    found: list[tuple[Any, ...]] = run(fetch())
    return found
