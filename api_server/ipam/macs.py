"""MAC addresses that no other port of the network has, where the maker of a port asks for that; else they may be alike (contract 3.4)."""

import hashlib
from collections.abc import Iterable

from sqlalchemy import BigInteger, bindparam, column, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY

from api_server.errors import MacInUse
from api_server.ipam.freelist import Session
from api_server.ipam.lookups import has_key
from api_server.model.resource import Resource
from api_server.store.statements import Statement
from api_server.store.tables import reference, resource

MACS = "virtual_machine_interface_mac_addresses"

_turns = func.unnest(bindparam("turns", type_=ARRAY(BigInteger))).table_valued(column("turn", BigInteger)).render_derived(name="turns")
TURNS = Statement(select(func.pg_advisory_xact_lock(_turns.c.turn)).select_from(_turns))
HOLDER = Statement(
    select(resource.c.fq_name, resource.c.found_by, resource.c.also_found_by)
    .where(
        resource.c.kind == literal_column("'virtual-machine-interface'"),
        has_key("macs"),
        resource.c.uuid.in_(select(reference.c.source).where(reference.c.target == bindparam("network"))),
    )
    .limit(1)
)


def macs_of(port: Resource) -> list[str]:
    """As they are compared: with colons, in lower case."""
    given = (port.properties.get(MACS) or {}).get("mac_address") or []
    return [str(mac).replace("-", ":").lower() for mac in given if mac]


async def take_turns(session: Session, wanted: Iterable[tuple[str, str]]) -> None:
    """Of those who want the same MAC addresses in the same networks at the same time, one goes on before the other ends."""
    turns = {int.from_bytes(hashlib.sha256("/".join(each).encode()).digest()[:8], signed=True) for each in wanted}
    if turns:
        await session.fetch(TURNS, turns=sorted(turns))


async def refuse_shared(session: Session, network: str, port: Resource) -> None:
    """MacInUse if a port of the network has one of the new port's addresses; its turn must have been taken."""
    for row in await session.fetch(HOLDER, network=network, macs=macs_of(port)):
        shared = next(mac for mac in macs_of(port) if mac in {row["found_by"], *(row["also_found_by"] or ())})
        raise MacInUse(shared, row["fq_name"])
