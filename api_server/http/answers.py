"""The JSON that callers are answered with, but for the objects themselves, which come as text from the store (`store.wire`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from api_server.model.kind import Kind
from api_server.model.resource import Resource


def stamp(moment: datetime) -> str:
    """UTC with microseconds and no zone (contract 1.1)."""
    return moment.isoformat(timespec="microseconds")[:26]


def etag_of(moment: datetime) -> str:
    return f'"{stamp(moment)}"'


def href(base: str, kind: str, uuid: str) -> str:
    return f"{base}/{kind}/{uuid}"


def created_answer(new: Resource, base: str, fields: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What a create tells of the new object (contract 1.4.1), and those of its properties that are asked for."""
    answer: dict[str, Any] = {"name": new.name, "fq_name": new.fq_name, "uuid": new.uuid, "href": href(base, new.kind.name, new.uuid)}
    if new.parent:
        answer |= {
            "parent_type": new.parent.kind,
            "parent_uuid": new.parent.uuid,
            "parent_href": href(base, new.parent.kind, new.parent.uuid),
        }
    return answer | {name: new.properties[name] for name in new.properties.keys() & fields}


def render_created(new: Resource, base: str) -> bytes:
    """The answer to a create."""
    return orjson.dumps({new.kind.name: created_answer(new, base)})


def updated_answer(kind: Kind, uuid: str, base: str) -> dict[str, Any]:
    """What an update tells of the object (contract 1.4.3)."""
    return {"uuid": uuid, "href": href(base, kind.name, uuid)}


def render_updated(kind: Kind, uuid: str, base: str) -> bytes:
    """The answer to an update."""
    return orjson.dumps({kind.name: updated_answer(kind, uuid, base)})


def elements(kind: Kind, documents: Sequence[str], *, wrap: bool) -> bytes:
    """What stands between the brackets of a list, of whole objects each under its kind's name (contract 1.5)."""
    if not (wrap and documents):
        return ",".join(documents).encode()
    return "".join(['{"', kind.name, '":', f'}},{{"{kind.name}":'.join(documents), "}"]).encode()
