"""Every statement finds its rows by index: planned for its values or for any, and where the plan was first made in a young database."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from api_server.ipam import taking
from api_server.ipam.addresses import ADDRESSES
from api_server.ipam.departures import DELETE
from api_server.ipam.ports import NETWORK_OF_PORT, derived_macs
from api_server.ipam.subnets import OF_NETWORK, OF_OTHER_NETWORKS
from api_server.model.resource import digest
from api_server.store import assumptions, creates, pages, quotas, resources, wire
from api_server.store.assumptions import nobody_within, unchanged
from api_server.store.listing import Place, Query
from api_server.store.statements import Statement
from api_server.store.wire import View, showing
from tests.served import run

MANY = 5_000

# Networks with a subnet each, and ports that each have an instance-ip in the first of them: as a busy cluster leaves them.
FILL = """
INSERT INTO resource (uuid, kind, fq_name, name_digest, parent, parent_kind, properties, owner, owner_access, global_access, share,
                      enable, user_visible, permissions)
SELECT cast(md5(kind || n) as uuid), kind, array['default-domain', 'p', kind || n], sha256(cast(kind || n as bytea)), parent,
       'project', '{}', 'cloud-admin', 7, 0, '[]', true, true, '{}'
FROM (SELECT uuid AS parent FROM resource WHERE kind = 'project' LIMIT 1) AS project,
     unnest(array['virtual-network', 'virtual-machine-interface', 'instance-ip']) AS kind,
     generate_series(1, :many) AS n;
INSERT INTO reference (source, target, position)
SELECT cast(md5(source || n) as uuid), cast(md5(target || CASE target WHEN 'virtual-network' THEN 1 ELSE n END) as uuid), 0
FROM (VALUES ('virtual-machine-interface', 'virtual-network'), ('instance-ip', 'virtual-network'),
             ('instance-ip', 'virtual-machine-interface')) AS wanted (source, target),
     generate_series(1, :many) AS n;
INSERT INTO subnet (uuid, space, position, cidr, pools, addr_from_start, alloc_unit, ranges, frontier)
SELECT cast(md5('subnet' || n) as uuid), cast(md5('virtual-network' || n) as uuid), 0, '10.0.0.0/8', '[]', true, 1,
       '[["10.0.0.1", "10.255.255.254"]]', '10.1.0.0'
FROM generate_series(1, :many) AS n;
INSERT INTO address (space, ip, subnet, owner, purpose)
SELECT cast(md5('virtual-network1') as uuid), cast('10.0.0.0' as inet) + n, cast(md5('subnet1') as uuid),
       cast(md5('instance-ip' || n) as uuid), 'object'
FROM generate_series(1, :many) AS n;
INSERT INTO free_address (subnet, ip)
SELECT cast(md5('subnet1') as uuid), cast('10.0.128.0' as inet) + n FROM generate_series(1, :many) AS n;
INSERT INTO number_pool (pool, first, "end", frontier, system) SELECT 'pool' || n, 1, 9, 0, false FROM generate_series(1, :many) AS n;
INSERT INTO number (pool, value, owner)
SELECT 'virtual-network-id', 1000 + n, cast(md5('virtual-network' || n) as uuid) FROM generate_series(1, :many) AS n;
ANALYZE;
""".replace(":many", str(MANY))


def uuid_of(name: str) -> str:
    """As the filling makes them."""
    return str(UUID(hashlib.md5(name.encode()).hexdigest()))


NETWORK, PORT, ADDRESS = uuid_of("virtual-network1"), uuid_of("virtual-machine-interface7"), uuid_of("instance-ip7")
NAME = ("default-domain", "p", "virtual-machine-interface7")
DRAW = {"subnet": uuid_of("subnet1"), "space": NETWORK, "owner": ADDRESS, "owners": [ADDRESS], "purpose": "object"}
MADE = datetime(2026, 1, 1, tzinfo=UTC)
VIEWS = [View(children=children, back_refs=back_refs) for children in ("", "all") for back_refs in ("", "all")]
ROWS = orjson.dumps([{"uuid": PORT, "source": PORT, "target": NETWORK}]).decode()
NEW = orjson.dumps([{"uuid": PORT, "place": 0}]).decode()
ASSUMED = assumptions.parameters([unchanged(NETWORK, datetime.now(UTC)), nobody_within(PORT, PORT)])
CREATE = {"resources": NEW, "refs": ROWS, "changes": NEW, **ASSUMED}


def listed(**asked: Any) -> tuple[Statement, dict[str, Any]]:
    """The statement of a page of a list in detail."""
    query = Query(kind="virtual-machine-interface", view=View(), **asked)
    return pages.selecting(query.shape), {**query.parameters(), "limit": pages.SOME}


def chosen(**asked: Any) -> tuple[Statement, dict[str, Any]]:
    """The statement that finds the order of what is left of a list."""
    query = Query(kind="virtual-machine-interface", after=Place(MADE, PORT), **asked)
    return pages.choosing(query.shape), {**query.parameters(), "limit": None}


CASES: dict[str, tuple[Statement, dict[str, Any]]] = {
    "read": (resources.READ, {"uuid": PORT}),
    **{
        f"show {', '.join(filter(None, ['children' * bool(view.children), 'back refs' * bool(view.back_refs)]))}": (
            showing(view),
            {"uuid": PORT, **wire.parameters("http://here", None)},
        )
        for view in VIEWS
    },
    "show the crowded network": (showing(View(children="all")), {"uuid": NETWORK, **wire.parameters("http://here", None)}),
    "resolve": (resources.RESOLVE, {"kinds": ["virtual-machine-interface"], "digests": [digest(NAME)], "uuids": [NETWORK, PORT]}),
    "by uuid": (resources.BY_UUID, {"uuid": PORT}),
    "by name": (resources.BY_NAME, {"kind": "virtual-machine-interface", "name_digest": digest(NAME)}),
    "create": (creates.INSERT, CREATE),
    **{
        f"create and draw {'upward' if upward else 'downward'}": (one, {**CREATE, **DRAW, "count": 1})
        for upward, one in taking.DRAW.items()
    },
    "create and claim": (taking.CLAIM, {**CREATE, **DRAW, "value": "10.0.0.7"}),
    "lock": (resources.LOCK, {"uuids": [PORT]}),
    "children": (resources.CHILDREN_OF, {"uuid": PORT, "kind": "routing-instance"}),
    "around": (resources.AROUND, {"uuid": PORT}),
    "leaving": (resources.LEAVING, {"uuid": PORT}),
    "referrers": (resources.REFERRERS, {"uuid": PORT, "kind": "instance-ip"}),
    "update": (
        resources.UPDATE,
        {"uuid": PORT, "resources": ROWS, "gone": ROWS, "refs": ROWS, "touched": [PORT], "changes": "[]", "seen": None},
    ),
    "touch": (resources.TOUCH, {"touched": [PORT], "changes": "[]"}),
    **{
        f"delete{' a holder' if holds else ''}": (
            statement,
            {"uuid": ADDRESS, "yielding": [PORT], "touched": [PORT], "changes": "[]", "seen": None},
        )
        for holds, statement in DELETE.items()
    },
    "list": listed(),
    "list, further": listed(after=Place(":".join(NAME), PORT)),
    "list by parent": listed(parents=(PORT,)),
    "list by parent, further": chosen(parents=(PORT,)),
    "list by the parent's name": listed(parent_names=(("virtual-network", ("default-domain", "p", "virtual-network2")),)),
    "list by back ref": listed(back_refs=(uuid_of("virtual-machine-interface9"),)),
    "list by uuids": listed(uuids=(PORT,)),
    "list by names": listed(names=(NAME,)),
    "the subnets of a network": (OF_NETWORK, {"network": NETWORK}),
    "the routing instance of a port's network": (
        NETWORK_OF_PORT,
        {"network": NETWORK, "lowest": PORT[:10] + PORT[10:].replace("f", "0"), "highest": PORT, "macs": derived_macs(PORT)},
    ),
    **{
        f"draw {'upward' if upward else 'downward'}{', waiting' if waits else ''}": (statement, {**DRAW, "count": 1})
        for (upward, waits), statement in ADDRESSES._draws.items()
    },
    "claim": (ADDRESSES._claim, {**DRAW, "value": "10.0.0.7"}),
    "refill": (ADDRESSES._extend, {**DRAW, "values": ["10.1.0.0", "10.1.0.1"], "frontier": "10.1.0.1"}),
    "count by parent": (quotas.BY_PARENT, {"project": PORT, "kind": "virtual-network"}),
    "count by grandparent": (quotas.BY_GRANDPARENT, {"project": PORT, "kind": "floating-ip-pool"}),
    "count by ref": (quotas.BY_REF, {"project": PORT, "kind": "floating-ip"}),
    "count by network": (quotas.BY_NETWORK, {"project": PORT, "kind": "instance-ip"}),
    "rules of a project": (quotas.OTHER_RULES, {"project": PORT, "but": NETWORK}),
    "subnets of a project": (OF_OTHER_NETWORKS, {"project": PORT, "but": NETWORK}),
}


@dataclass(frozen=True, slots=True)
class Plans:
    """Of each statement: the plan for the values at hand, the one for any values, and the one that a session has which prepared it when
    the database was young."""

    values: dict[str, str]
    any: dict[str, str]
    kept: dict[str, str]


@pytest.fixture(scope="module")
def plans(dsn: str) -> Plans:
    """The plans in a filled database."""
    plans: Plans = run(_plans(dsn))
    return plans


async def _plans(dsn: str) -> Plans:
    old, new = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:
        await _prepare(old)
        await _explain_prepared(old)
        await new.execute(FILL)
        await _prepare(new)
        values = {
            name: await new.fetchval(f"EXPLAIN (FORMAT JSON) {statement.sql}", *statement.arguments(given))
            for name, (statement, given) in CASES.items()
        }
        return Plans(values, await _explain_prepared(new), await _explain_prepared(old))
    finally:
        await old.close()
        await new.close()


async def _prepare(connection: Any) -> None:
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    for number, (statement, _) in enumerate(CASES.values()):
        await connection.execute(f"PREPARE asked{number} AS {statement.sql}")


async def _explain_prepared(connection: Any) -> dict[str, str]:
    plans = {}
    for number, (name, (statement, given)) in enumerate(CASES.items()):
        nulls = ", ".join("NULL" for _ in statement.arguments(given))
        plans[name] = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{number} ({nulls})")
    return plans


def scanned(plan: str) -> set[str]:
    """The tables that are read from end to end."""
    found, waiting = set(), [orjson.loads(plan)[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        if node["Node Type"] == "Seq Scan":
            found.add(node["Relation Name"])
    return found


@pytest.mark.parametrize("name", CASES)
def test_no_statement_reads_a_whole_table(plans: Plans, name: str) -> None:
    assert scanned(plans.values[name]) == set()
    assert scanned(plans.any[name]) == set()


@pytest.mark.parametrize("name", CASES)
def test_a_plan_of_a_young_database_is_made_anew_when_it_is_filled(plans: Plans, name: str) -> None:
    assert scanned(plans.kept[name]) == set()


async def test_reading_a_whole_table_would_be_seen(plans: Plans, dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    plan = await connection.fetchval("EXPLAIN (FORMAT JSON) SELECT description FROM resource WHERE description = 'x'")
    await connection.close()

    assert scanned(plan) == {"resource"}
