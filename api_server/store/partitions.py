"""The days of the change stream: partitions made ahead, and dropped when they are older than what is kept."""

import logging
from datetime import UTC, date, datetime, timedelta

import asyncpg

from api_server.store.database import Connection

log = logging.getLogger(__name__)

AHEAD = 3
# Any constant does; it only has to be the same for all servers of a database.
TURN = 0x6E65_7464_6179_7321
# A partition is named by the day at whose start it ends.
_DAYS = "SELECT right(relname, 8) FROM pg_class WHERE relname ~ '^change_position_until_[0-9]{8}$' AND relnamespace = $1::regnamespace"
_SCHEMA = "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'change_position'::regclass"


async def keep_days(connection: Connection, now: datetime, retention: int) -> bool:
    """
    Make the partitions of today and of the next days, and drop those that ended more than `retention` days ago. False when something
    was in the way: nothing is lost meanwhile, for a row whose day has no partition goes to the default one.
    """
    today = now.astimezone(UTC).date()
    schema = await connection.raw.fetchval(_SCHEMA)
    ends = {datetime.strptime(row[0], "%Y%m%d").replace(tzinfo=UTC).date() for row in await connection.raw.fetch(_DAYS, schema)}
    wanted = [today + timedelta(days=ahead) for ahead in range(1, AHEAD + 2)]
    oldest = today - timedelta(days=retention)
    steps = [_add(end) for end in wanted if end not in ends]
    steps += [_DROP.format(end=end) for end in sorted(ends) if end <= oldest]
    return all([await _try(connection, step) for step in [*steps, _SWEEP.format(oldest=oldest)]])


async def _try(connection: Connection, step: str) -> bool:
    try:
        async with connection.raw.transaction():
            # Writers queue behind a lock that is waited for: better to give up soon and to try again later.
            await connection.raw.execute("SET LOCAL lock_timeout = '200ms'")
            if not await connection.raw.fetchval("SELECT pg_try_advisory_xact_lock($1)", TURN):
                return False
            await connection.raw.execute(step)
    except asyncpg.LockNotAvailableError:
        return False
    except asyncpg.PostgresError as why:
        log.warning("the partitions of changes are not as they should be, at %s: %s", step, why)
        return False
    return True


# Rows that came before their partition move into it.
_ADD = """
LOCK TABLE {table}_default IN ACCESS EXCLUSIVE MODE;
CREATE TABLE {table}_until_{end:%Y%m%d} (LIKE {table} INCLUDING DEFAULTS);
WITH moved AS (DELETE FROM {table}_default WHERE at >= '{start} 00:00:00+00' AND at < '{end} 00:00:00+00' RETURNING *)
INSERT INTO {table}_until_{end:%Y%m%d} SELECT * FROM moved;
ALTER TABLE {table} ATTACH PARTITION {table}_until_{end:%Y%m%d} FOR VALUES FROM ('{start} 00:00:00+00') TO ('{end} 00:00:00+00');
"""
_DROP = """
LOCK TABLE change, change_position IN ACCESS EXCLUSIVE MODE;
UPDATE numbering SET forgotten = greatest(forgotten, (SELECT max(position) FROM change_position_until_{end:%Y%m%d}));
DROP TABLE change_until_{end:%Y%m%d}, change_position_until_{end:%Y%m%d};
"""
# The default partitions are empty but for accidents.
_SWEEP = """
WITH gone AS (DELETE FROM change_position_default WHERE at < '{oldest} 00:00:00+00' RETURNING position)
UPDATE numbering SET forgotten = greatest(forgotten, (SELECT max(position) FROM gone)) WHERE EXISTS (SELECT FROM gone);
DELETE FROM change_default WHERE at < '{oldest} 00:00:00+00';
"""


def _add(end: date) -> str:
    return "".join(_ADD.format(table=table, start=end - timedelta(days=1), end=end) for table in ("change", "change_position"))
