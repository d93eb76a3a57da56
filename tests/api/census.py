"""How many rows the database holds: what a refused request may not change."""

from typing import Any

Census = dict[str, int]

TABLES = ("resource", "reference", "change", "subnet", "address", "number")


async def census(connection: Any) -> Census:
    """Rows of every table that a write reaches, seen through an asyncpg connection."""
    counts = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in TABLES)
    return dict(await connection.fetchrow(f"SELECT {counts}"))
