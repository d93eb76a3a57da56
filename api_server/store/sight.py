"""Which rows a caller may read, as conditions of SQL: pages and counts are then right by themselves (contract 5.5)."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, FromClause, and_, bindparam, cast, column, exists, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import Integer, Text

from api_server.model.caller import READ, Caller

_READ: ColumnElement[int] = literal_column(str(READ))
_NONE: ColumnElement[int] = literal_column("0")


def readable(table: FromClause) -> ColumnElement[bool]:
    """Rows of `resource`, or of an alias of it, that the caller of `sight_of` may read: neither hidden nor without R."""
    owned = and_(_plain(table.c.owner) == bindparam("sight_project", type_=Text), _reads(table.c.owner_access))
    return and_(table.c.user_visible, or_(bindparam("sight_all", type_=Boolean), owned, shared(table)))


def shared(table: FromClause) -> ColumnElement[bool]:
    """Rows that may be read through `global_access`, or a share of the caller's project or domain."""
    each = func.jsonb_array_elements(table.c.share).table_valued(column("value", JSONB)).render_derived(name=f"share_of_{table.name}")  # type: ignore[attr-defined]  # a table or an alias: both have one
    tenant, access = (each.c.value.op("->>")(literal_column(f"'{name}'")) for name in ("tenant", "tenant_access"))
    named = _plain(tenant).op("=", is_comparison=True)(func.any(bindparam("sight_tenants", type_=ARRAY(Text))))
    return or_(_reads(table.c.global_access), exists(select(_NONE).select_from(each).where(named, _reads(cast(access, Integer)))))


def sight_of(caller: Caller) -> dict[str, Any]:
    """The parameters of these conditions."""
    return {"sight_project": caller.project, "sight_tenants": caller.tenants, "sight_all": caller.reads_all or caller.admin}


def _plain(identity: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.replace(identity, literal_column("'-'"), literal_column("''"))


def _reads(access: ColumnElement[Any]) -> ColumnElement[bool]:
    return access.op("&")(_READ) != _NONE
