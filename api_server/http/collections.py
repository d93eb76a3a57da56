"""List and map properties, element by element (contract 1.9)."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest, InvalidProperty, NotFound
from api_server.http.documents import collected
from api_server.http.preconditions import if_match
from api_server.http.requests import caller_of, empty, json_response, object_of, server_of, write_in
from api_server.http.staleness import reading
from api_server.http.views import fields_of
from api_server.model.caller import READ, WRITE
from api_server.model.catalog import Catalog
from api_server.model.kind import Kind, Property
from api_server.model.resource import Resource, is_uuid, new_uuid
from api_server.model.validation import parse_properties
from api_server.store import resources
from api_server.store.resources import resource_of
from api_server.transaction import Transaction

LIST_OPERATIONS = ("add", "modify", "delete")
MAP_OPERATIONS = ("set", "delete")


async def prop_collection_get(request: Request) -> Response:
    query, server = request.query_params, server_of(request)
    uuid, fields = query.get("uuid"), fields_of(query.get("fields"))
    if not uuid or not fields:
        raise BadRequest(f"Bad Request: {'fields' if uuid else 'uuid'} is missing", field="fields" if uuid else "uuid")
    row = None
    if is_uuid(uuid):
        async with reading(request) as connection:
            row = await connection.fetchrow(resources.READ, uuid=uuid)
    if row is None:
        raise NotFound(f"Object Not Found: {uuid[:200]}", uuid=uuid[:200])
    resources.require(caller_of(request), READ, row)
    found = resource_of(server.catalog, row)
    answer = {}
    for field in sorted(fields):
        elements = positioned(found, collection_rule(found.kind, field))
        answer[field] = [[value, position] for position, value in elements.items() if query.get("position") in (None, position)]
    return json_response(orjson.dumps(answer))


async def prop_collection_update(request: Request) -> Response:
    document, catalog = await object_of(request), server_of(request).catalog
    uuid = document.get("uuid")
    if not uuid:
        raise BadRequest("Bad Request: uuid is missing", field="uuid")
    updates = document.get("updates") or []
    if not isinstance(updates, list) or not all(isinstance(each, dict) for each in updates):
        raise BadRequest("Bad Request: updates must be a list of objects", field="updates")
    match = if_match(request)

    async def work(tx: Transaction) -> None:
        held = await tx.hold_any(uuid) if is_uuid(uuid) else None
        if held is None:
            raise NotFound(f"Object Not Found: {str(uuid)[:200]}", uuid=str(uuid)[:200])
        old = tx.permitted(WRITE, held)
        match.check(old)
        new = old.copy()
        for each in updates:
            apply(catalog, new, each)
        new.given = frozenset(each["field"] for each in updates)
        if updates:
            await tx.update(old, new)

    await write_in(request, work)
    return empty()


def collection_rule(kind: Kind, field: Any) -> Property:
    """The collection of that name; BadRequest for anything else."""
    rule = kind.properties.get(field) if isinstance(field, str) else None
    if rule is None or not rule.collection:
        raise BadRequest(f'{field} neither "ListProperty" nor "MapProperty"', field=str(field)[:200])
    return rule


def positioned(of: Resource, rule: Property) -> dict[str, Any]:
    """The elements of a collection by position: a map's key, a list's number or what an `add` said."""
    elements = (of.properties.get(rule.name) or {}).get(rule.element) or []
    if rule.collection == "map":
        return {str(element.get(rule.map_key)): element for element in elements}
    positions = of.positions.get(rule.name) or [str(number) for number in range(len(elements))]
    return dict(zip(positions, elements, strict=True))


def apply(catalog: Catalog, new: Resource, said: Mapping[str, Any]) -> None:
    """One edit, in place; an element that is not there is deleted without complaint, and made by `modify`."""
    if not said.get("field"):
        raise BadRequest("Bad Request: field is missing", field="field")
    rule = collection_rule(new.kind, said["field"])
    operation = said.get("operation")
    if not operation:
        raise BadRequest("Bad Request: operation is missing", field="operation")
    operation = str(operation).lower()
    if operation not in (MAP_OPERATIONS if rule.collection == "map" else LIST_OPERATIONS):
        raise BadRequest(f"Unsupported operation {said['operation']} on the {rule.collection} {rule.name}", field="operation")
    elements = positioned(new, rule)
    position = said.get("position")
    if operation == "delete":
        elements.pop(_position(position), None)
    else:
        element = _element(catalog, new.kind, rule, said.get("value"))
        if rule.collection == "map":
            position = element[rule.map_key]
        elements[new_uuid() if operation == "add" and position is None else _position(position)] = element
    _store(new, rule, elements)


def _position(position: Any) -> str:
    if position is None or isinstance(position, (dict, list, bool)):
        raise BadRequest("Bad Request: position is missing", field="position")
    return str(position)


def _element(catalog: Catalog, kind: Kind, rule: Property, value: Any) -> Any:
    if value is None:
        raise BadRequest("Bad Request: value is missing", field="value")
    values, problems = parse_properties(catalog, kind, {rule.name: {rule.element: [value]}})
    if problems:
        raise InvalidProperty("prop-collection-update", problems)
    element = values[rule.name][rule.element][0]
    if rule.collection == "map" and not (isinstance(element, dict) and element.get(rule.map_key)):
        raise BadRequest(f"Bad Request: the value has no {rule.map_key}", field=f"value.{rule.map_key}")
    return element


def _store(new: Resource, rule: Property, elements: Mapping[str, Any]) -> None:
    new.properties.pop(rule.name, None)
    new.positions.pop(rule.name, None)
    if not elements:
        return
    new.properties[rule.name] = collected(rule, {rule.element: list(elements.values())})
    if rule.collection == "list":
        new.positions[rule.name] = list(elements)
