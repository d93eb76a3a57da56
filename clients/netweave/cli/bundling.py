"""From objects as they are read to documents that make them again elsewhere. Pure."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from netweave import Document
from netweave.cli.bundle import Name, is_refs, kind_of_refs
from netweave.cli.sameness import is_links

Owners = Mapping[str, str]

# Written first, so that people find what the rest lives in; a tag makes its type if that is not there yet.
FIRST = ("domain", "project", "tag-type", "tag", "network-ipam", "virtual-network")
# What only the server says, and refuses or overwrites when it is told.
SERVERS: Mapping[str, frozenset[str]] = {
    "virtual-network": frozenset({"virtual_network_network_id"}),
    "security-group": frozenset({"security_group_id"}),
    "application-policy-set": frozenset({"all_applications"}),
    "tag": frozenset({"tag_id", "tag_type_refs"}),
    "tag-type": frozenset({"tag_type_id"}),
}
READ_ONLY = frozenset({"name", "href", "parent_uuid", "parent_href", "id_perms", "perms2"})
PERMISSIONS = {"owner": "cloud-admin", "owner_access": 7, "group": "cloud-admin-group", "group_access": 7, "other_access": 7}
USUAL_IDENTITY: Document = {"enable": True, "user_visible": True, "description": None, "creator": None, "permissions": PERMISSIONS}
USUAL_ACCESS: Document = {"owner_access": 7, "global_access": 0, "share": []}
EVERYBODY = "cloud-admin"
HIDDEN = "__contrail_"
PORT_PROPERTIES = "virtual_machine_interface_properties"


@dataclass(frozen=True)
class Found:
    """An object as it is read."""

    kind: str
    document: Document

    @property
    def name(self) -> tuple[str, ...]:
        return tuple(self.document["fq_name"])

    @property
    def refs(self) -> Iterable[tuple[str, Document]]:
        """Each ref with the kind it points to."""
        return [(kind_of_refs(key), ref) for key, refs in self.document.items() if is_refs(key) and isinstance(refs, list) for ref in refs]

    @property
    def comes_along(self) -> bool:
        """Whether the server makes it with another object, and would refuse to make it again."""
        if self.kind == "routing-instance":
            return bool(self.document.get("routing_instance_is_default"))
        if self.name[-1].startswith(HIDDEN):
            return True
        of_project = self.document.get("parent_type") == "project"
        return of_project and (self.kind, self.name[-1]) in {
            ("security-group", "default"),
            ("application-policy-set", "default-application-policy-set"),
        }


def documents(found: Iterable[Found], owners: Owners) -> list[Document]:
    """What `apply` reads, in an order that is always the same; `owners` tells whose each parent is."""
    wanted = [one for one in found if not one.comes_along]
    # A sub-interface needs its primary from the start, so its side of the ref is the one to write.
    tagged = {one.name for one in wanted if (one.document.get(PORT_PROPERTIES) or {}).get("sub_interface_vlan_tag")}
    return [{one.kind: _document(one, owners, tagged)} for one in sorted(wanted, key=_place)]


def of_project(found: Iterable[Found], project: list[str]) -> list[Found]:
    """Those in the project, and those of the root that are linked with them: machines, addresses, tags."""
    found = list(found)
    path = tuple(project)
    inside = [one for one in found if one.name[: len(path)] == path]
    pointed_at = {(kind, tuple(ref["to"])) for one in inside for kind, ref in one.refs}
    names = {(one.kind, one.name) for one in inside}
    linked = [
        one
        for one in found
        if "parent_type" not in one.document
        and one.kind != "domain"
        and ((one.kind, one.name) in pointed_at or any((kind, tuple(ref["to"])) in names for kind, ref in one.refs))
    ]
    roots = {one.document["uuid"] for one in linked}
    return [*inside, *linked, *(one for one in found if one.document.get("parent_uuid") in roots)]


def _place(one: Found) -> tuple[int, str, tuple[str, ...]]:
    return FIRST.index(one.kind) if one.kind in FIRST else len(FIRST), one.kind, one.name


def _document(one: Found, owners: Owners, tagged: Set[Name]) -> Document:
    given = one.document
    head = {key: given[key] for key in ("fq_name", "uuid", "parent_type") if key in given}
    kept = {
        key: _refs(one, key, value, tagged) if is_refs(key) else value
        for key, value in sorted(given.items())
        if key not in READ_ONLY and key not in head and key not in SERVERS.get(one.kind, ()) and not is_links(key, value)
    }
    if kept.get("display_name") == one.name[-1]:
        del kept["display_name"]
    said = {"id_perms": _identity(given["id_perms"]), "perms2": _access(one, owners)}
    refs = {key for key in kept if is_refs(key)}
    return head | {key: value for key, value in (kept | said).items() if value or (key not in said and key not in refs)}


def _refs(one: Found, key: str, refs: list[Document], tagged: Set[Name]) -> list[Document]:
    kind = kind_of_refs(key)
    kept = (ref for ref in refs if not _follows(one, kind, tuple(ref["to"]), tagged))
    return [{"to": ref["to"], **({"attr": ref["attr"]} if "attr" in ref else {})} for ref in kept]


def _follows(one: Found, kind: str, to: Name, tagged: Set[Name]) -> bool:
    """Whether the ref comes by itself: to a child made along, to what is hidden, or as the other side of a ref that goes both ways."""
    if to[:-1] == one.name or to[-1].startswith(HIDDEN):
        return True
    return kind == one.kind and one.name not in tagged and (to in tagged or to > one.name)


def _identity(given: Document) -> Document:
    return {key: given[key] for key, usual in USUAL_IDENTITY.items() if key in given and given[key] != usual}


def _access(one: Found, owners: Owners) -> Document:
    """Nothing where a new object would be owned and shared the same without being told."""
    given: Document = one.document["perms2"]
    parent, above = one.document.get("parent_uuid"), one.document.get("parent_type")
    usual = owners.get(parent) if parent and above != "domain" else EVERYBODY
    if one.kind != "project" and given["owner"] == usual and all(given.get(key) == value for key, value in USUAL_ACCESS.items()):
        return {}
    return given
