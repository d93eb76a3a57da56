"""How many rows the database holds: what a refused request may not change."""

import asyncpg

Census = dict[str, int]

TABLES = ("resource", "reference", "change", "subnet", "address", "number")


async def census(database_url: str) -> Census:
    """Rows of every table that a write reaches."""
    connection = await asyncpg.connect(database_url)
    try:
        counts = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in TABLES)
        return dict(await connection.fetchrow(f"SELECT {counts}"))
    finally:
        await connection.close()
