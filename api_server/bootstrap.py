"""The objects of a fresh start: made once, whichever server comes first (contract 6)."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from sqlalchemy import bindparam, func, select, text

from api_server.hooks import HOOKS
from api_server.ipam.tags import UNNUMBERED
from api_server.model.caller import SYSTEM
from api_server.model.catalog import LOADER, Catalog, schemas_directory
from api_server.model.placement import Placement
from api_server.model.quota import Limits
from api_server.model.resource import FqName, Identity, Perms, Ref, Resource, new_uuid, ref_name
from api_server.settings import Settings
from api_server.store import resources
from api_server.store.database import Database
from api_server.store.journal import Journal
from api_server.store.statements import Statement
from api_server.transaction import PLAIN, Transaction, World, write

# Any number will do, as long as every server uses the same.
_TURN = Statement(select(func.pg_advisory_xact_lock(bindparam("turn"))))
TURN = 0x6E65_7477
COUNT_KINDS = Statement(text("ANALYZE resource"))


def _entries() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = yaml.load((schemas_directory() / "bootstrap.yaml").read_bytes(), LOADER)  # noqa: S506 (a safe one)
    return entries


def world_of(catalog: Catalog, settings: Settings) -> World:
    """What the transactions of a server know: the catalog, the hooks, the names that are kept in this mode, and the limits."""
    kept = frozenset(
        (entry["kind"], tuple(entry["fq_name"])) for entry in _entries() if entry.get("mode", settings.aaa_mode) == settings.aaa_mode
    )
    return World(catalog, HOOKS, kept, Limits(catalog, settings.quota, count_instance_ips=settings.count_instance_ips))


async def bootstrap(database: Database, world: World) -> None:
    """Make what is missing, in one transaction; servers that start at the same moment take turns. Mostly nothing is, and one look tells."""
    entries = [entry for entry in _entries() if (entry["kind"], tuple(entry["fq_name"])) in world.system]

    async def work(tx: Transaction) -> None:
        if not await _missing(tx, entries) and not await tx.fetch(UNNUMBERED):
            return
        await tx.fetch(_TURN, turn=TURN)
        missing = await _missing(tx, entries)
        for entry in missing:
            # A kind's own rules may just have made it along with its parent.
            if await tx.find(entry["kind"], entry["fq_name"]) is None:
                await _make(tx, entry)
        await _number(tx)
        if missing:
            # The plans that sessions begin with are then made knowing that there are many kinds; later, PostgreSQL sees to it.
            await tx.fetch(COUNT_KINDS)

    await write(world, database, Journal(SYSTEM, "bootstrap"), work, privileged=True)


async def _missing(tx: Transaction, entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    names = [(entry["kind"], tuple(entry["fq_name"])) for entry in entries]
    found = {(row["kind"], tuple(row["fq_name"])) for row in await resources.resolve(tx.connection, names, [])}
    return [entry for entry, name in zip(entries, names, strict=True) if name not in found]


async def _make(tx: Transaction, entry: Mapping[str, Any]) -> None:
    new = Resource(
        kind=tx.catalog[entry["kind"]],
        uuid=new_uuid(),
        fq_name=tuple(entry["fq_name"]),
        properties=dict(entry.get("properties", {})),
        refs={ref_name(kind): [_ref(kind, tuple(name)) for name in names] for kind, names in entry.get("refs", {}).items()},
        perms=Perms(global_access=entry.get("global_access", 0)),
        identity=Identity(user_visible=entry.get("user_visible", True)),
    )
    hooks = PLAIN if entry.get("unruled") else None
    await tx.create(new, Placement(parent_kind=entry.get("parent_type", "")), hooks=hooks)


async def _number(tx: Transaction) -> None:
    """Tags and their types that a server without numbers for them stored get theirs: the kinds' own rules see to it."""
    for row in await tx.fetch(UNNUMBERED):
        old = await tx.hold(row["kind"], row["uuid"])
        await tx.update(old, old.copy())


def _ref(kind: str, fq_name: FqName) -> Ref:
    return Ref(kind, "", fq_name)
