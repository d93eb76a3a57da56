"""What the stream of changes needs now and then, whichever server process has the turn."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime

import asyncpg

from api_server.store import changes, partitions
from api_server.store.connecting import AWAY
from api_server.store.database import Database

log = logging.getLogger(__name__)

# Between two looks, in seconds: so many changes at most get their positions at once when nobody watches.
INTERVAL = 15.0


def _now() -> datetime:
    return datetime.now(UTC)


async def keep(
    database: Database,
    retention: int,
    now: Callable[[], datetime] = _now,
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """
    Until cancelled: give positions to changes that nobody watches for, and once a day make partitions ahead and drop old ones.
    A failure is logged and tried again; no request waits for it.
    """
    kept: date | None = None
    while True:
        try:
            async with database.aside() as connection:
                # First, so that what is dropped has had its position.
                await changes.settle(connection)
                today = now().date()
                if kept != today and await partitions.keep_days(connection, now(), retention):
                    kept = today
        except (*AWAY, asyncpg.PostgresError) as why:
            log.warning("the stream of changes was not looked after; trying again: %s", why)
        await pause(INTERVAL)
