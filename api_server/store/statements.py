"""A statement of SQLAlchemy Core, compiled once into the text and the parameter order that asyncpg wants."""

import re
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]

_LOCKS_OR_LASTS = re.compile(r"\bFOR (NO KEY |KEY )?(UPDATE|SHARE)\b|\b(INSERT|UPDATE|DELETE|set_config|pg_(try_)?advisory\w*)\b")


def beside(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """
    A condition on rows that another one finds: no index is read for its sake. In a table that is still small, PostgreSQL takes one object
    of a kind for as likely as one of a uuid, and keeps the plan while the table grows.
    """
    return condition.is_(True)


class Statement:
    """SQL whose `bindparam`s are given by name at each call. Compiling costs 1 to 5 ms: it is done once, when the statement is first used,
    since most of some hundred statements are not used soon after a start."""

    __slots__ = ("_element", "_names", "_values", "only_reads", "sql")

    sql: str
    # Whether nothing of it is left when it is done: no row, no lock, no setting.
    only_reads: bool
    _names: tuple[str, ...]
    _values: dict[str, Any]

    def __init__(self, element: ClauseElement) -> None:
        self._element: ClauseElement | None = element

    def __getattr__(self, name: str) -> Any:
        """What compiling tells, asked for the first time: Python looks here only for what is not set yet."""
        if name not in Statement.__slots__ or self._element is None:
            raise AttributeError(name)
        self._compile(self._element)
        return getattr(self, name)

    def _compile(self, element: ClauseElement) -> None:
        compiled = element.compile(dialect=DIALECT)
        self.sql = str(compiled)
        self.only_reads = self.sql.startswith("SELECT") and not _LOCKS_OR_LASTS.search(self.sql)
        self._names = tuple(getattr(compiled, "positiontup", None) or ())
        self._values = dict(compiled.params)
        self._element = None

    def arguments(self, given: dict[str, Any]) -> list[Any]:
        """The values in the statement's order; what is not given is a constant of the statement."""
        return [given[name] if name in given else self._values[name] for name in self._names]
