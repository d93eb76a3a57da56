"""Where an object may live, whom it belongs to there, and what leaves along with it (contract 2.2, 2.4, 3.1)."""

from dataclasses import dataclass

from api_server.model.catalog import ROOT
from api_server.model.kind import Kind
from api_server.model.resource import Link, Resource

# Children that belong to who makes them, not to their parent's owner (contract 2.4).
_CALLERS_OWN = frozenset({("virtual-port-group", "fabric")})
# The security group that comes and goes with its project (contract 3.4 project).
DEFAULT_GROUP = "default"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a request wants its object: what the body said of the parent, and whether it named an owner (contract 1.4.1 row 9a)."""

    parent_kind: str = ""
    parent_uuid: str = ""
    owner_given: bool = False
    # As the body wrote it, which need not be a uuid.
    uuid: str = ""
    # A request asks for it, so its caller's permissions count; what the server adds by itself needs none.
    asked: bool = False


HERE = Placement()


def kind_of_parent(new: Resource, placement: Placement) -> tuple[str, str]:
    """The kind of the parent, "" for an object of the root, and what is wrong with the placement (contract 2.2)."""
    if new.parent:
        return new.parent.kind, ""
    real = [parent for parent in new.kind.parents if parent != ROOT]
    asked = placement.parent_kind
    length = len(new.fq_name)
    rooted = not real or (ROOT in new.kind.parents and (asked == ROOT or (not asked and length == 1)))
    if asked and asked not in new.kind.parents:
        return "", f"Invalid parent type {asked}. Allowed types: {list(new.kind.parents)}"
    if rooted:
        return "", "" if length == 1 else f"Invalid fq_name {list(new.fq_name)}: a {new.kind.name} without parent has a name of one element"
    if length == 1:
        return "", f"Invalid fq_name {list(new.fq_name)}: a {new.kind.name} has a parent, so its name has at least two elements"
    if asked:
        return asked, ""
    if len(real) > 1:
        return "", f"Missing parent type: None. Allowed types: {list(new.kind.parents)}"
    return real[0], ""


def is_callers_own(kind: str, parent_kind: str) -> bool:
    """Whether an object below such a parent belongs to who makes it, and not to the parent's owner (contract 2.4)."""
    return parent_kind == "domain" or (kind, parent_kind) in _CALLERS_OWN


def goes_along(parent: Kind, child: Link) -> bool:
    """Whether a child is deleted with its parent instead of holding it back (contract 1.4.4, 3.1)."""
    rule = parent.children.get(child.kind.replace("-", "_") + "s")
    own = DEFAULT_GROUP if child.kind == "security-group" else f"default-{child.kind}"
    return bool(rule and rule.derived) or child.fq_name[-1] == own
