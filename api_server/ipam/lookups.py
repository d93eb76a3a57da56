"""The statements of a search: each finds objects of certain kinds that the caller may read, at most so many."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, bindparam, cast, column, func, literal_column, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, INET, UUID

from api_server.ipam.tables import address, subnet
from api_server.store.sight import readable
from api_server.store.statements import Statement
from api_server.store.tables import resource

_uuid = UUID(as_uuid=False)
_limit = bindparam("most", type_=BigInteger)
_kinds = bindparam("kinds", type_=ARRAY(Text))
_ends = [cast(resource.c.uuid, Text).label("uuid"), resource.c.kind, resource.c.fq_name]
_of_kinds = resource.c.kind == func.any(_kinds)
_low, _high = cast(bindparam("low"), _uuid), cast(bindparam("high"), _uuid)
_at = [cast(subnet.c.uuid, Text).label("subnet"), subnet.c.cidr, subnet.c.alloc_unit]
_cidr, _last = cast(bindparam("cidr"), CIDR), cast(bindparam("last"), INET)
_whole = func.lower(func.array_to_string(resource.c.fq_name, literal_column("':'")).collate("C"))


def has_key(parameter: str) -> ColumnElement[bool]:
    """Resources whose MAC address or own address is one of these, which are folded."""
    keys = cast(bindparam(parameter), ARRAY(Text))
    return or_(resource.c.found_by == func.any(keys), resource.c.also_found_by.op("&&", is_comparison=True)(keys))


class Lookups:
    """The statements for an administrator; `guarded`, those for all others, who are told nothing of what they may not read."""

    def __init__(self, *, guarded: bool) -> None:
        self._guarded = guarded
        self._seen = [readable(resource)] if guarded else []
        self.beginning = self._beginning()
        self.beginning_below = self._beginning(func.strpos(_whole, bindparam("within")) > literal_column("0"))
        self.holding = self._holding()
        self.with_uuid = self._objects(resource.c.uuid.between(_low, _high), order=resource.c.uuid)
        self.with_key = self._objects(has_key("sought"), order=(resource.c.kind, resource.c.name))
        self.subnet_with_uuid = self._subnets(subnet.c.uuid.between(_low, _high), order=subnet.c.uuid)
        # The order of prefixes puts those inside one between it and its last address.
        self.subnets_within = self._subnets(subnet.c.cidr > _cidr, cast(subnet.c.cidr, INET) <= _last, order=subnet.c.cidr)
        self.subnets_around = self._subnets(subnet.c.cidr == func.any(cast(bindparam("cidrs"), ARRAY(CIDR))), order=subnet.c.cidr.desc())
        self.held_at = self._held(address.c.ip == func.any(cast(bindparam("addresses"), ARRAY(INET))))
        self.held_within = self._held(address.c.ip.between(cast(bindparam("first"), INET), _last))

    def _beginning(self, *conditions: ColumnElement[bool]) -> Statement:
        """Names in a range: from the index of each kind its first few, so that a kind with a million of them costs no more than others."""
        asked = func.unnest(_kinds).table_valued(column("kind", Text)).render_derived(name="asked")
        in_range = (resource.c.kind == asked.c.kind, resource.c.name >= bindparam("low"), resource.c.name <= bindparam("high"))
        found = select(*_ends, resource.c.name).where(*in_range, *conditions, *self._seen)
        each = found.order_by(resource.c.name).limit(_limit).lateral("each")
        return Statement(select(each).select_from(asked.join(each, true())).order_by(each.c.name, each.c.kind).limit(_limit))

    def _holding(self) -> Statement:
        """Names with a text after their beginning. Only the index is read until one is found, and of it no more than `scanned` entries."""
        scanned = (
            select(resource.c.uuid, resource.c.name).where(_of_kinds).limit(bindparam("scanned", type_=BigInteger)).subquery("scanned")
        )
        holding = select(scanned.c.uuid).where(func.strpos(scanned.c.name, bindparam("text")) > literal_column("1"))
        if self._guarded:
            # A sub-select in place of a join: it is asked for the few that hold the text.
            far = resource.alias("far")
            holding = holding.where(select(readable(far)).where(far.c.uuid == scanned.c.uuid).scalar_subquery())
        few = holding.limit(_limit).cte("few").prefix_with("MATERIALIZED", dialect="postgresql")
        return Statement(
            select(*_ends, resource.c.name).select_from(few.join(resource, resource.c.uuid == few.c.uuid)).order_by(resource.c.name)
        )

    def _objects(self, *conditions: ColumnElement[bool], order: Any) -> Statement:
        ordered = order if isinstance(order, tuple) else (order,)
        return Statement(select(*_ends).where(*conditions, _of_kinds, *self._seen).order_by(*ordered).limit(_limit))

    def _subnets(self, *conditions: ColumnElement[bool], order: Any) -> Statement:
        """Subnets, each as the network or network-ipam that declares it; a virtual router's parts are not told apart."""
        joined = select(*_ends, *_at).select_from(subnet.join(resource, resource.c.uuid == subnet.c.space))
        chosen = joined.where(subnet.c.router.is_(None), _of_kinds, *conditions, *self._seen)
        return Statement(chosen.order_by(order, resource.c.fq_name).limit(_limit))

    def _held(self, *conditions: ColumnElement[bool]) -> Statement:
        """Addresses that somebody holds, each as its holder."""
        joined = address.join(subnet, subnet.c.uuid == address.c.subnet).join(resource, resource.c.uuid == address.c.owner)
        found = select(*_ends, *_at, func.host(address.c.ip).label("held"), address.c.purpose).select_from(joined)
        chosen = found.where(_of_kinds, *conditions, *self._seen)
        return Statement(chosen.order_by(address.c.ip, resource.c.fq_name).limit(_limit))


LOOKUPS = {guarded: Lookups(guarded=guarded) for guarded in (False, True)}
