"""JSON Schemas made from the catalog: structures, links, and each kind as it is read, created and updated."""

from collections.abc import Mapping
from typing import Any

from api_server.model.catalog import ROOT, SCALARS, Catalog
from api_server.model.kind import Field, Kind, Property, RefRule
from api_server.model.scalars import PATTERNS

Schema = dict[str, Any]

_BOUNDS = {"integer": (-(2**63), 2**63 - 1), "unsignedLong": (0, 2**64 - 1)}
_DATE = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?$"
_UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_SAID_BY = {
    "system-only": "Written by the system.",
    "admin-only": "Written by administrators.",
    "required": "Marked as required in the model; the server does not ask for it.",
}

UUID: Schema = {"type": "string", "format": "uuid", "pattern": _UUID}
FQ_NAME: Schema = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": 255},
    "minItems": 1,
    "examples": [["default-domain", "default-project", "blue"]],
}
HREF: Schema = {"type": "string", "format": "uri"}


def ref_to(name: str) -> Schema:
    """A pointer to one of the document's schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def wrapped(key: str, schema: Schema) -> Schema:
    """The object of one key that bodies are wrapped in."""
    return {"type": "object", "properties": {key: schema}, "required": [key]}


def all_schemas(catalog: Catalog) -> dict[str, Schema]:
    """Every schema of the document that comes from the catalog, by name."""
    schemas = {name: _structure(fields) for name, fields in catalog.structures.items()}
    schemas["Uuid"] = UUID
    schemas["FqName"] = FQ_NAME
    schemas["Ref"] = _ref({})
    for attr in {rule.attr for kind in catalog for rule in kind.refs.values() if rule.attr}:
        schemas[f"Ref.{attr}"] = _ref(_nullable(ref_to(attr)))
    for kind in catalog:
        if kind.name != ROOT:
            schemas[kind.name] = _read(catalog, kind)
            schemas[f"{kind.name}.create"] = _create(kind)
            schemas[f"{kind.name}.update"] = _update(catalog, kind)
    return schemas


def field_schema(field: Field) -> Schema:
    """What one value may be; a list of it when the field is a list."""
    schema = _scalar(field) if field.type in SCALARS else ref_to(field.type)
    return {"type": "array", "items": schema} if field.array else schema


def property_schema(rule: Property, *, nullable: bool = False) -> Schema:
    """A property of a kind, with what the model says of its use."""
    schema = field_schema(rule)
    schema = _nullable(schema) if nullable else dict(schema)
    said = [_SAID_BY[rule.required]] if rule.required in _SAID_BY else []
    if rule.collection:
        said.append(f"A {rule.collection} that prop-collection-update can edit{f', by `{rule.map_key}`' if rule.map_key else ''}.")
    if "C" not in rule.operations and "U" not in rule.operations:
        schema["readOnly"] = True
    if said:
        schema["description"] = " ".join(said)
    if rule.default is not None:
        schema["default"] = rule.default
    return schema


def _scalar(field: Field) -> Schema:
    if field.type == "boolean":
        return {"type": "boolean"}
    if field.type in _BOUNDS:
        lowest, highest = _BOUNDS[field.type]
        low, high = field.low if field.low is not None else lowest, field.high if field.high is not None else highest
        return {"type": "integer", "minimum": low, "maximum": high}
    if field.type == "dateTime":
        return {"type": "string", "pattern": _DATE, "examples": ["2024-05-01T10:11:12.123456"]}
    if field.enum:
        return {"type": "string", "enum": list(field.enum)}
    if field.simple in PATTERNS:
        return {"type": "string", "pattern": f"^({PATTERNS[field.simple][0].pattern})$"}
    return {"type": "string"}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _structure(fields: Mapping[str, Field]) -> Schema:
    """Clients send null for fields that are not set, and read it back (contract 2.5)."""
    properties = {name: _nullable(field_schema(field)) for name, field in fields.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _ref(attr: Schema) -> Schema:
    properties = {"to": ref_to("FqName"), "uuid": ref_to("Uuid"), "href": {**HREF, "readOnly": True}, "attr": attr}
    return {
        "type": "object",
        "description": "The target by name or by uuid; with both, the uuid wins.",
        "properties": properties,
        "anyOf": [{"required": [key, "attr"] if attr else [key]} for key in ("to", "uuid")],
    }


def _refs(rule: RefRule) -> Schema:
    schema: Schema = {"type": "array", "items": ref_to(f"Ref.{rule.attr}" if rule.attr else "Ref")}
    return {**schema, "description": f"Links to {rule.target}."}


def _documents(catalog: Catalog) -> dict[str, Schema]:
    return {name: ref_to(rule.type) for name, rule in catalog.documents.items()}


def _read(catalog: Catalog, kind: Kind) -> Schema:
    links = {"type": "array", "items": ref_to("Ref"), "readOnly": True}
    properties: dict[str, Schema] = {
        "uuid": ref_to("Uuid"),
        "name": {"type": "string"},
        "fq_name": ref_to("FqName"),
        "href": HREF,
        **_parent(kind, href=True),
        **_documents(catalog),
        **{name: property_schema(rule) for name, rule in kind.properties.items()},
        **{name: _refs(rule) for name, rule in kind.refs.items()},
        **{name: {**links, "description": f"Children of the kind {rule.kind}."} for name, rule in kind.children.items()},
        **{name: {**links, "description": f"Links from {rule.kind}."} for name, rule in kind.back_refs.items()},
    }
    return {"type": "object", "properties": properties, "required": ["uuid", "fq_name"]}


def _create(kind: Kind) -> Schema:
    properties: dict[str, Schema] = {
        "fq_name": _new_name(kind),
        "uuid": {**UUID, "description": "Drawn by the server when it is not given."},
        **_parent(kind, href=False),
        **{name: property_schema(rule) for name, rule in kind.properties.items()},
        **{name: _refs(rule) for name, rule in kind.refs.items()},
    }
    ambiguous = len([parent for parent in kind.parents if parent != ROOT]) > 1
    return {"type": "object", "properties": properties, "required": ["fq_name", "parent_type"] if ambiguous else ["fq_name"]}


def _update(catalog: Catalog, kind: Kind) -> Schema:
    properties: dict[str, Schema] = {
        **_documents(catalog),
        **{name: property_schema(rule, nullable=True) for name, rule in kind.properties.items()},
        **{name: _nullable(_refs(rule)) for name, rule in kind.refs.items()},
    }
    return {
        "type": "object",
        "description": "What is absent stays, null removes, a list of refs replaces all refs of its name.",
        "properties": properties,
    }


def _parent(kind: Kind, *, href: bool) -> dict[str, Schema]:
    if not kind.parents:
        return {}
    properties: dict[str, Schema] = {"parent_type": {"type": "string", "enum": list(kind.parents)}, "parent_uuid": ref_to("Uuid")}
    return {**properties, "parent_href": HREF} if href else properties


def _new_name(kind: Kind) -> Schema:
    """The names from the root down; those of root kinds have one element (contract 2.2)."""
    pattern = "^target:.+$" if kind.name == "route-target" else "^[^:\\u0000-\\u001f\\ufffe\\uffff]+$"
    schema: Schema = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": pattern}}
    if not set(kind.parents) - {ROOT}:
        return {**schema, "minItems": 1, "maxItems": 1}
    return {**schema, "minItems": 1 if ROOT in kind.parents else 2}
