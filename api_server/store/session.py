"""What those who ask the database need of a transaction."""

from typing import Any, Protocol

import asyncpg

from api_server.store.statements import Statement


class Session(Protocol):
    """A transaction in which statements run."""

    async def fetch(self, statement: Statement, **given: Any) -> list[asyncpg.Record]:
        """The rows of a statement."""
