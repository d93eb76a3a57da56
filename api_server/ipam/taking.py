"""An address that is taken by the very statement that stores its owner: one round trip, and no transaction beside it."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Insert, Text, bindparam, cast, exists, func, select
from sqlalchemy.dialects.postgresql import JSONB

from api_server.ipam.addresses import ADDRESSES, OBJECT
from api_server.ipam.subnet import Address, Subnet
from api_server.model.resource import Resource
from api_server.store import assumptions, creates
from api_server.store.assumptions import Assumption
from api_server.store.database import Connection
from api_server.store.journal import Journal
from api_server.store.statements import Statement


def _drawing(*, upward: bool) -> Insert:
    # What is assumed is asked before anything is drawn: all parts of a statement stay, and an address drawn for nobody would be lost.
    won = ADDRESSES.drawing(assumptions.hold(), upward=upward)
    drawn: ColumnElement[Any] = select(func.host(won.c.value)).scalar_subquery()
    shown = func.jsonb_build_object(cast(bindparam("shown_as"), Text), drawn, type_=JSONB)
    filled = {"properties": lambda given: given.c.properties.concat(shown), "found_by": lambda _: drawn}
    return creates.inserting(exists(select(won.c.value)), **filled).returning(drawn.label("drawn"))


DRAW = {upward: Statement(_drawing(upward=upward)) for upward in (True, False)}
CLAIM = Statement(creates.inserting(exists(select(ADDRESSES.claiming(assumptions.hold()).c.value))))


@dataclass(frozen=True, slots=True)
class Taking:
    """The first free address of the subnet, or the one that the owner shows `under` that name already."""

    subnet: Subnet
    address: Address | None
    under: str
    # Takes it in statements of its own, wherever else there may be one, or raises why there is none.
    otherwise: Callable[[], Awaitable[None]]

    async def store(self, connection: Connection, journal: Journal, owner: Resource, assumed: Iterable[Assumption]) -> bool:
        """
        Store the owner with its refs, its change row and its address; false if nothing was written: no address is to be had without
        waiting or refilling, or one of the assumptions does not hold.
        """
        given = {**creates.parameters(journal, [owner], assumed), **self.subnet.key, "purpose": OBJECT}
        if self.address is not None:
            rows = await connection.fetch(CLAIM, value=self.subnet.block(self.address), owner=owner.uuid, **given)
        else:
            rows = await connection.fetch(DRAW[self.subnet.upward], owners=[owner.uuid], count=1, shown_as=self.under, **given)
        for row in rows:
            owner.modified = row["modified"]
            if self.address is None:
                owner.properties[self.under] = row["drawn"]
        return bool(rows)
