"""What others rely on of the global system config, and what it may not contradict: AS numbers, route targets, ports (contract 3.4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import Text, bindparam, cast, column, exists, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from api_server.errors import InvalidResource
from api_server.ipam.freelist import Session
from api_server.model.resource import digest
from api_server.model.route_target import LARGEST_SHORT, RouteTarget
from api_server.store.statements import Statement
from api_server.store.tables import resource

SYSTEM = "global-system-config"
FOUR_BYTES = "enable_4byte_as"
_asn, _four = (resource.c.properties[name].astext for name in ("autonomous_system", FOUR_BYTES))
# Shared: those who rely on it do not wait for one another, and whoever changes it waits for them.
READ = Statement(
    select(_asn.label("asn"), _four.label("four"))
    .where(resource.c.kind == literal_column(f"'{SYSTEM}'"), resource.c.name_digest == digest([f"default-{SYSTEM}"]))
    .with_for_update(read=True)
)
_prefix = func.jsonb_build_object(literal_column("'prefix'"), cast(bindparam("prefix"), Text))
_path = cast(literal_column("'$.*.route_target[*] ? (@ starts with $prefix)'"), JSONPATH)
_targets = func.jsonb_path_query(resource.c.properties, _path, _prefix).table_valued(column("value", JSONB)).render_derived(name="found")
TARGETS = Statement(
    select(resource.c.kind, resource.c.fq_name, _targets.c.value.op("#>>")(literal_column("'{}'")).label("target"))
    .select_from(resource, _targets)
    .where(resource.c.kind.in_([literal_column("'virtual-network'"), literal_column("'logical-router'")]))
)
HAS_SERVICE = Statement(select(exists().where(resource.c.kind == literal_column("'bgp-as-a-service'")).label("found")))


@dataclass(frozen=True)
class System:
    """The AS of the system, and whether AS numbers may have four bytes."""

    asn: int | None
    four_bytes: bool


async def hold_system(session: Session) -> System:
    """The system as it is, and as it stays until the transaction ends."""
    rows = await session.fetch(READ)
    row: Mapping[str, Any] | asyncpg.Record = rows[0] if rows else {"asn": None, "four": None}
    return System(int(row["asn"]) if (row["asn"] or "").isdigit() else None, row["four"] == "true")


async def refuse_automatic(session: Session, kind: str, targets: Iterable[RouteTarget]) -> None:
    """Raise if the system draws one of these route targets itself: high numbers of its own AS are not for users."""
    wanted = list(targets)
    asn = (await hold_system(session)).asn if wanted else None
    if asn and (found := next((one for one in wanted if one.is_automatic(asn)), None)):
        raise InvalidResource(kind, [f"route targets: {found} is in the range that the system draws from for AS {asn}"])


async def automatic_by_users(session: Session, asn: int) -> tuple[str, RouteTarget] | None:
    """A route target that a network or router was given and that the system would draw itself in that AS, with who has it."""
    for row in await session.fetch(TARGETS, prefix=f"target:{asn}:"):
        target = RouteTarget.read(row["target"])
        if target and target.is_automatic(asn):
            return f"{row['kind']} {':'.join(row['fq_name'])}", target
    return None


async def refuse_four_bytes(session: Session, kind: str, numbers: Mapping[str, Any]) -> None:
    """Raise if one of these AS numbers, given with their fields, has four bytes, unless the system takes such."""
    wide = {field: asn for field, asn in numbers.items() if asn and not 1 <= asn <= LARGEST_SHORT}
    if wide:
        largest = (1 << 32) - 1 if (await hold_system(session)).four_bytes else LARGEST_SHORT
        if problems := [f"{field}: {asn} is not between 1 and {largest}" for field, asn in wide.items() if not 1 <= asn <= largest]:
            raise InvalidResource(kind, problems)


async def has_bgp_services(session: Session) -> bool:
    """Whether there is a bgp-as-a-service, whose sessions use the ports of the system."""
    return bool((await session.fetch(HAS_SERVICE))[0]["found"])
