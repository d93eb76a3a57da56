"""What a resource is: an object of some kind, with its properties, refs and permissions; no I/O."""

import hashlib
import re
import uuid as uuids
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from api_server.model.kind import Kind

FqName = tuple[str, ...]


def digest(fq_name: Sequence[str]) -> bytes:
    """The fixed-length key of a name; NUL cannot occur in an element, so it separates them."""
    return hashlib.sha256("\0".join(fq_name).encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class Link:
    """One end of a relation: enough to name an object and to find it."""

    kind: str
    uuid: str
    fq_name: FqName


@dataclass(slots=True)
class Ref:
    """A directed link with its attribute document; `relaxed` no longer holds its target back from deletion (contract 1.8)."""

    kind: str
    uuid: str
    fq_name: FqName
    attr: Any = None
    relaxed: bool = False


@dataclass(slots=True)
class Perms:
    """`perms2` (contract 2.4)."""

    owner: str = "cloud-admin"
    owner_access: int = 7
    global_access: int = 0
    share: list[dict[str, Any]] = field(default_factory=list)


def default_permissions() -> dict[str, Any]:
    return {"owner": "cloud-admin", "owner_access": 7, "group": "cloud-admin-group", "group_access": 7, "other_access": 7}


@dataclass(slots=True)
class Identity:
    """What a caller may say in `id_perms` (contract 2.3); the times are the database's."""

    enable: bool = True
    user_visible: bool = True
    description: str | None = None
    creator: str | None = None
    permissions: dict[str, Any] = field(default_factory=default_permissions)


@dataclass(slots=True)
class Resource:
    """
    `refs` is keyed by the wire's name of the link (`network_ipam_refs`); `given` names what the request's body held; `modified` is None
    before it is stored.
    """

    kind: Kind
    uuid: str
    fq_name: FqName
    parent: Link | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    refs: dict[str, list[Ref]] = field(default_factory=dict)
    perms: Perms = field(default_factory=Perms)
    identity: Identity = field(default_factory=Identity)
    positions: dict[str, list[str]] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    modified: datetime | None = None

    @property
    def name(self) -> str:
        return self.fq_name[-1]

    @property
    def link(self) -> Link:
        return Link(self.kind.name, self.uuid, self.fq_name)

    def refs_to(self, kind: str) -> list[Ref]:
        return self.refs.get(ref_name(kind), [])

    def refer(self, target: Link, attr: Any = None) -> None:
        """Add a ref; a second one to the same target replaces the first."""
        name = ref_name(target.kind)
        kept = [ref for ref in self.refs.get(name, []) if ref.uuid != target.uuid]
        self.refs[name] = [*kept, Ref(target.kind, target.uuid, target.fq_name, attr)]

    def child(self, kind: Kind, name: str, **properties: Any) -> "Resource":
        """A new object below this one, owned as this one is."""
        return Resource(
            kind=kind,
            uuid=new_uuid(),
            fq_name=(*self.fq_name, name),
            parent=self.link,
            properties={"display_name": name, **properties},
            perms=Perms(owner=self.perms.owner),
        )

    def copy(self) -> "Resource":
        """A copy whose dictionaries and lists of refs may be changed without touching this one."""
        return replace(
            self,
            properties=dict(self.properties),
            refs={name: [replace(ref) for ref in refs] for name, refs in self.refs.items()},
            perms=replace(self.perms, share=list(self.perms.share)),
            identity=replace(self.identity),
            positions=dict(self.positions),
        )


def ref_name(kind: str) -> str:
    """The wire's name of refs to a kind: `network-ipam` -> `network_ipam_refs`."""
    return kind.replace("-", "_") + "_refs"


def new_uuid() -> str:
    return str(uuids.uuid4())


_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_uuid(text: object) -> bool:
    """Whether it is written as the wire writes uuids: lower case, with dashes (contract 1.4.1 row 10)."""
    return isinstance(text, str) and _UUID.fullmatch(text) is not None
