"""A statement of SQLAlchemy Core, compiled once into the text and the parameter order that asyncpg wants."""

import re
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]

_LOCKS_OR_LASTS = re.compile(r"\bFOR (NO KEY |KEY )?(UPDATE|SHARE)\b|\b(INSERT|UPDATE|DELETE|set_config|pg_(try_)?advisory\w*)\b")


class Statement:
    """SQL whose `bindparam`s are given by name at each call; compiling costs ~1 ms and is done here, once."""

    __slots__ = ("_names", "_values", "only_reads", "sql")

    def __init__(self, element: ClauseElement) -> None:
        compiled = element.compile(dialect=DIALECT)
        self.sql = str(compiled)
        # Whether nothing of it is left when it is done: no row, no lock, no setting.
        self.only_reads = self.sql.startswith("SELECT") and not _LOCKS_OR_LASTS.search(self.sql)
        self._names: tuple[str, ...] = tuple(getattr(compiled, "positiontup", None) or ())
        self._values: dict[str, Any] = dict(compiled.params)

    def arguments(self, given: dict[str, Any]) -> list[Any]:
        """The values in the statement's order; what is not given is a constant of the statement."""
        return [given[name] if name in given else self._values[name] for name in self._names]
