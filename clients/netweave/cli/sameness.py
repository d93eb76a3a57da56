"""Whether an object already is what a document asks for. Pure."""

import re
from ipaddress import ip_address, ip_network
from typing import Any

from netweave import Document
from netweave.cli.bundle import is_refs

# What the server decides, whatever a document says (contract 2.7).
SERVERS = {"uuid", "fq_name", "name", "href", "parent_type", "parent_uuid", "parent_href", "parent_fq_name"}
# Of id_perms, a client may change these.
ID_PERMS = {"enable", "description"}
EMPTY: tuple[Any, ...] = (None, [], {})
MAC = re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}")


def changes(wanted: Document, found: Document) -> Document:
    """The part of `wanted` that an update must send so that `found` has it; empty if there is nothing to do."""
    asked = {key: value for key, value in wanted.items() if key not in SERVERS and not is_links(key, value)}
    if isinstance(asked.get("id_perms"), dict):
        settable = {key: value for key, value in asked.pop("id_perms").items() if key in ID_PERMS}
        asked |= {"id_perms": settable} if settable else {}
    return {key: value for key, value in asked.items() if not _settled(key, value, found.get(key))}


def is_links(key: str, value: Any) -> bool:
    """Children and back refs: they can be read, not written. A child's entry has no attr, a property's entry has no `to`."""
    return key.endswith("_back_refs") or (
        not is_refs(key)
        and isinstance(value, list)
        and bool(value)
        and all(isinstance(part, dict) and {"to", "uuid"} <= part.keys() for part in value)
    )


def _settled(key: str, wanted: Any, found: Any) -> bool:
    if is_refs(key) and isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(any(_same_ref(ref, other) for other in found) for ref in wanted)
    return holds(wanted, found)


def _same_ref(wanted: Any, found: Any) -> bool:
    if not isinstance(wanted, dict):
        return False
    by_uuid = wanted.get("uuid") is not None
    same = wanted["uuid"] == found.get("uuid") if by_uuid else wanted.get("to") == found.get("to")
    return same and holds(wanted.get("attr"), found.get("attr"))


def holds(wanted: Any, found: Any) -> bool:
    """Whether `found` has all that `wanted` says: the server may have filled in more, and writes some values its own way."""
    if wanted in EMPTY:
        return found in EMPTY
    if isinstance(wanted, dict):
        return isinstance(found, dict) and _has_keys(wanted, found)
    if isinstance(wanted, list):
        return isinstance(found, list) and len(wanted) == len(found) and _has_elements(wanted, found)
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    return _spelling(wanted) == _spelling(found)


def _has_keys(wanted: Document, found: Document) -> bool:
    if wanted.keys() >= {"ip_prefix", "ip_prefix_len"} and found.keys() >= {"ip_prefix", "ip_prefix_len"}:
        # The server clears the host's bits (contract 2.5).
        wanted, found = wanted | {"ip_prefix": _network(wanted)}, found | {"ip_prefix": _network(found)}
    return all(holds(value, found.get(key)) for key, value in wanted.items())


def _has_elements(wanted: list[Any], found: list[Any]) -> bool:
    if all(isinstance(part, dict) and "key" in part for part in [*wanted, *found]):
        # Elements of a map: the server sorts them by key (contract 1.9).
        wanted, found = (sorted(parts, key=lambda part: str(part["key"])) for parts in (wanted, found))
    return all(map(holds, wanted, found))


def _network(subnet: Document) -> str:
    text = f"{subnet['ip_prefix']}/{subnet['ip_prefix_len']}"
    try:
        return str(ip_network(text, strict=False).network_address)
    except ValueError:
        return text


def _spelling(value: Any) -> str:
    """A value as text in one spelling: numbers may come as text, addresses in several forms."""
    text = str(value)
    if MAC.fullmatch(text):
        return text.lower().replace("-", ":")
    try:
        return str(ip_address(text)) if isinstance(value, str) else text
    except ValueError:
        return text
