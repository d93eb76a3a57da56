"""An address that is taken by the very statement that stores its owner: one round trip, and no transaction beside it."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from sqlalchemy import Insert, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB

from api_server.ipam.addresses import ADDRESSES, OBJECT, plainly
from api_server.ipam.subnet import Address, Subnet
from api_server.ipam.tables import subnet
from api_server.model.resource import Resource
from api_server.store import assumptions, creates
from api_server.store.assumptions import Assumption
from api_server.store.database import Connection, Database
from api_server.store.journal import Journal
from api_server.store.statements import Statement
from api_server.store.tables import change


def _drawing(*, upward: bool) -> Insert:
    # What is assumed is asked before anything is drawn: all parts of a statement stay, and an address drawn for nobody would be lost.
    won = ADDRESSES.drawing(assumptions.hold(), upward=upward)
    drawn = func.host(won.c.value)
    name = cast(bindparam("shown_as"), Text)
    shown = func.jsonb_build_object(name, drawn, type_=JSONB)
    storing = creates.inserting(won, properties=lambda given: given.c.properties.concat(shown), found_by=lambda _: drawn)
    frontier = select(subnet.c.frontier).where(subnet.c.uuid == bindparam("subnet")).scalar_subquery()
    return storing.returning(change.c.after["properties"][name].astext.label("drawn"), frontier.label("frontier"))


DRAW = {upward: Statement(_drawing(upward=upward)) for upward in (True, False)}
CLAIM = Statement(creates.inserting(ADDRESSES.claiming(assumptions.hold())))


@dataclass(frozen=True, slots=True)
class Taking:
    """The first free address of the subnet, or the one that the owner shows `under` that name already."""

    subnet: Subnet
    address: Address | None
    under: str
    # Takes it in statements of its own, wherever else there may be one, or raises why there is none.
    otherwise: Callable[[], Awaitable[None]]

    async def store(
        self, connection: Connection, database: Database, journal: Journal, owner: Resource, assumed: Iterable[Assumption]
    ) -> bool:
        """
        Store the owner with its refs, its change row and its address; false if nothing was written: no address is to be had without
        waiting or refilling, or one of the assumptions does not hold.
        """
        given = {**creates.parameters(journal, [owner], assumed), **self.subnet.key, "owner": owner.uuid, "purpose": OBJECT}
        if self.address is not None:
            row = await connection.fetchrow(CLAIM, value=self.subnet.block(self.address), **given)
        else:
            row = await connection.fetchrow(DRAW[self.subnet.upward], shown_as=self.under, **given)
        if row is None:
            return False
        owner.modified = row["modified"]
        if self.address is None:
            owner.properties[self.under] = row["drawn"]
            await ADDRESSES.refill_in_time(database, self.subnet, ip_address(row["drawn"]), plainly(row["frontier"]))
        return True
