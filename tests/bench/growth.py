"""A database filled to a size by SQL: copies of a port and its instance-ip that the server made, with all the rows that they have."""

from collections.abc import Sequence

import asyncpg

# Pairs of one transaction.
_BATCH = 25_000

_MODEL = "CREATE TEMPORARY TABLE model AS SELECT '{port}'::uuid AS port, '{address}'::uuid AS address"
_PAIR = "CREATE TEMPORARY TABLE pair (port uuid, address uuid, name text, ip inet, shown text, mac text)"
# The MAC address is the one that the server would derive.
_NEXT = """
INSERT INTO pair
SELECT port, address, 'grown-' || n, inet '10.0.1.0' + n, host(inet '10.0.1.0' + n),
       '02' || regexp_replace(left(replace(port::text, '-', ''), 10), '(..)', ':\\1', 'g')
FROM (SELECT n, gen_random_uuid() AS port, gen_random_uuid() AS address FROM generate_series($1::bigint, $2::bigint) AS n) AS given
"""
# What the documents of a copy say of itself.
_OWN = {
    "port": "jsonb_build_object('display_name', pair.name, 'virtual_machine_interface_mac_addresses', "
    "jsonb_build_object('mac_address', jsonb_build_array(pair.mac)))",
    "address": "jsonb_build_object('display_name', pair.name, 'instance_ip_address', pair.shown)",
}


def _of(column: str, port: str, address: str) -> str:
    return f"CASE {column} WHEN model.port THEN {port} ELSE {address} END"


def _name(of: str) -> str:
    return f"{of}.fq_name[:cardinality({of}.fq_name) - 1] || pair.name"


# What is before the last part of a name in what `digest` of model/resource.py hashes; empty, without parents.
_ABOVE = """
(SELECT coalesce(string_agg(convert_to(part, 'UTF8') || '\\x00', '' ORDER BY place), '')
 FROM unnest(old.fq_name[:cardinality(old.fq_name) - 1]) WITH ORDINALITY AS named (part, place)) AS above
"""
# What differs between a copy and its model, by table and column; all else is alike.
_DIFFERENT = {
    "resource": {
        "uuid": _of("old.uuid", "pair.port", "pair.address"),
        "fq_name": _name("old"),
        "name_digest": "sha256(above || convert_to(pair.name, 'UTF8'))",
        "name": "pair.name",
        "found_by": _of("old.uuid", "pair.mac", "pair.shown"),
        "properties": f"old.properties || {_of('old.uuid', _OWN['port'], _OWN['address'])}",
        "created": "clock_timestamp()",
        "modified": "clock_timestamp()",
    },
    "reference": {
        "source": _of("old.source", "pair.port", "pair.address"),
        "target": _of("old.target", "pair.port", "old.target"),
    },
    "address": {"ip": "pair.ip", "owner": "pair.address"},
    "change": {
        "uuid": _of("old.uuid", "pair.port", "pair.address"),
        "fq_name": _name("old"),
    },
}
_OF_MODEL = {
    "resource": "old.uuid IN (model.port, model.address)",
    "reference": "old.source IN (model.port, model.address)",
    "address": "old.owner = model.address",
    "change": "old.uuid IN (model.port, model.address) AND operation = 'CREATE'",
}
# The database's own, as for the server's rows.
_GIVEN = {"revision", "xid", "at"}
_COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
# As the pass does that gives positions, which would take all of them for new.
_NUMBER = """
WITH fresh AS (
    INSERT INTO change_position (position, at, xid, revision, kind, uuid, actor, request_id)
    SELECT numbering.position + row_number() OVER (ORDER BY revision), at, xid, revision, kind, uuid, actor, request_id
    FROM change CROSS JOIN numbering
    WHERE NOT pg_visible_in_snapshot(xid, seen)
    RETURNING position
)
UPDATE numbering SET seen = pg_current_snapshot(), position = greatest(position, (SELECT max(position) FROM fresh))
"""


async def grow(superuser: str, port: str, address: str, resources: int) -> None:
    """Copy the port and its instance-ip until there are so many resources; nobody else may be writing. Then all is vacuumed and analysed.

    Foreign keys are not looked at meanwhile, which only a superuser can have: what a copy refers to is what its model does, or a copy.
    """
    session = await asyncpg.connect(superuser)
    try:
        await session.execute("SET session_replication_role = replica; SET synchronous_commit = off; SET jit = off")
        await session.execute(_MODEL.format(port=port, address=address))
        await session.execute(_PAIR)
        copies = [_copy(table, [row[0] for row in await session.fetch(_COLUMNS, table)]) for table in _DIFFERENT]
        first = await session.fetchval("SELECT count(*) FROM resource WHERE name ~ '^grown-' AND kind = 'instance-ip'")
        wanted = first + max(resources - await session.fetchval("SELECT count(*) FROM resource"), 0) // 2
        await _fill(session, copies, first + 1, wanted)
        await session.execute(_NUMBER)
        await session.execute("VACUUM (ANALYZE)")
        await session.execute("CHECKPOINT")
    finally:
        await session.close()


async def _fill(session: asyncpg.Connection, copies: Sequence[str], first: int, last: int) -> None:
    for start in range(first, last + 1, _BATCH):
        async with session.transaction():
            await session.execute("TRUNCATE pair")
            await session.execute(_NEXT, start, min(start + _BATCH - 1, last))
            for copy in copies:
                await session.execute(copy)


def _copy(table: str, columns: Sequence[str]) -> str:
    names = [name for name in columns if name not in _GIVEN]
    values = [_DIFFERENT[table].get(name, f"old.{name}") for name in names]
    quoted = ", ".join(f'"{name}"' for name in names)
    above = f", {_ABOVE}" if "name_digest" in names else ""
    rows = f"WITH old AS MATERIALIZED (SELECT old.*{above} FROM model, {table} AS old WHERE {_OF_MODEL[table]})"
    return f"INSERT INTO {table} ({quoted}) {rows} SELECT {', '.join(values)} FROM model, pair, old"
