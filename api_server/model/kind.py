"""What a kind of resource is: its properties, its parents and its links, as the schema says."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One named value of a structure; `type` is a base type (`integer`) or the name of a structure."""

    name: str
    type: str
    array: bool = False
    enum: tuple[str | int, ...] = ()
    low: int | None = None
    high: int | None = None
    # "", "required", "exclusive", "system-only" or "admin-only": documentation, the server does not ask for it (contract 2.5).
    required: str = ""
    # The name of the scalar that `type`, `enum`, `low` and `high` come from, "" if it has none ("CommunityAttribute").
    simple: str = ""
    # Documentation: the server never fills it in (contract 2.5).
    default: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Property(Field):
    """One property of a kind; a collection is a structure around one list, edited element by element (contract 3.1)."""

    collection: str = ""
    element: str = ""
    map_key: str = ""
    # The letters of what users are meant to do with it: "CRUD", "CR", "R", ...
    operations: str = "CRUD"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefRule:
    """Resources of a kind may refer to `target`; a derived ref does not keep its target alive (contract 3.1)."""

    name: str
    target: str
    attr: str = ""
    derived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRule:
    """Resources of `kind` may live under this one; derived children are deleted along with their parent (contract 3.1)."""

    name: str
    kind: str
    derived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackRefRule:
    """Resources of `kind` may refer to this one."""

    name: str
    kind: str
    attr: str = ""
    derived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of resource. `properties` leaves out id_perms and perms2, which are kept apart (contract 2.3, 2.4)."""

    name: str
    parents: tuple[str, ...] = ()
    derived_parents: frozenset[str] = frozenset()
    properties: Mapping[str, Property]
    refs: Mapping[str, RefRule]
    children: Mapping[str, ChildRule]
    back_refs: Mapping[str, BackRefRule]
    snake: str = field(init=False)
    collection: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "snake", snake_of(self.name))
        object.__setattr__(self, "collection", f"{self.name}s")


def snake_of(name: str) -> str:
    """The name as JSON keys spell it: `virtual-DNS` is `virtual_DNS`."""
    return name.replace("-", "_")


def hyphened(name: str) -> str:
    """The name as paths and wrapper keys spell it."""
    return name.replace("_", "-")
