"""Several rows of a table in one JSON parameter: how every insert reaches PostgreSQL in one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, bindparam, cast, column, func
from sqlalchemy.dialects.postgresql import JSONB


def rows_of(table: Table, names: Sequence[str], parameter: str, **more: Any) -> Any:
    """`table`'s columns `names`, and `more` with types, read from a bound JSON list of objects."""
    columns = [column(name, type_) for name, type_ in [*((name, table.c[name].type) for name in names), *more.items()]]
    records = func.jsonb_to_recordset(cast(bindparam(parameter), JSONB))
    return records.table_valued(*columns).render_derived(name=parameter, with_types=True)
