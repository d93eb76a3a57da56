"""Connections kept at hand: asyncpg's pool opens and replaces them, this one lends them out."""

import asyncio
from types import TracebackType
from typing import Any

import asyncpg


class Pool:
    """
    Lends the connection that was used last: its statements are prepared, and its backend is warm.

    Connections stay checked out of asyncpg's pool, which would make a task for each release; that costs as much as the statement of a
    read. One that did not end well goes back there, where a cancelled query is waited for and a lost connection is replaced.
    """

    def __init__(self, pool: Any, size: int) -> None:
        self._pool = pool
        self._turns = asyncio.Semaphore(size)
        self._idle: list[Any] = []

    def lend(self) -> "Loan":
        return Loan(self)

    async def take(self) -> Any:
        """A connection, once fewer than `size` are lent."""
        await self._turns.acquire()
        try:
            while self._idle:
                connection = self._idle.pop()
                if _is_open(connection):
                    return connection
                await self._pool.release(connection)
            return await self._pool.acquire()
        except BaseException:
            self._turns.release()
            raise

    async def give_back(self, connection: Any, *, well: bool) -> None:
        try:
            if well and _is_open(connection):
                self._idle.append(connection)
            else:
                await self._pool.release(connection)
        finally:
            self._turns.release()

    async def close(self) -> None:
        """Close those at hand, and wait for those that are lent."""
        while self._idle:
            await self._pool.release(self._idle.pop())
        await self._pool.close()


def _is_open(connection: Any) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # Its pool took it back when it was lost.
        return False


class Loan:
    """A connection for the length of a block. A class, not a generator: every request pays for it."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Any:
        self._connection = await self._pool.take()
        return self._connection

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None) -> None:
        await self._pool.give_back(self._connection, well=kind is None)
