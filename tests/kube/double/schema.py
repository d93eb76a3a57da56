"""Custom objects against their definition's openAPIV3Schema: unknown members are pruned, wrong ones refused."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .names import Problem

Schema = Mapping[str, Any]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def pruned(schema: Schema, value: Any) -> Any:
    """The value without the members that the schema does not know."""
    if isinstance(value, list):
        return [pruned(schema.get("items", {}), each) for each in value]
    if not isinstance(value, dict) or schema.get("x-kubernetes-preserve-unknown-fields"):
        return value
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    if others is not None:
        return {key: pruned(others, each) if isinstance(others, Mapping) else each for key, each in value.items()}
    return {key: pruned(properties[key], each) for key, each in value.items() if key in properties}


def schema_problems(schema: Schema, value: Any, path: str = "") -> Iterator[Problem]:
    """Every place where the value breaks the schema."""
    if value is None and schema.get("nullable"):
        return
    if not _is(schema.get("type"), value):
        yield (
            path,
            f"Invalid value: {_type_of(value)!r}: {path} in body must be of type {schema['type']}: {_type_of(value)!r}".replace("'", '"'),
        )
        return
    yield from _scalar_problems(schema, value, path)
    if isinstance(value, dict):
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{path}.{name}".lstrip("."), "Required value"
        for name, each in schema.get("properties", {}).items():
            if name in value:
                yield from schema_problems(each, value[name], f"{path}.{name}".lstrip("."))
    for position, each in enumerate(value if isinstance(value, list) else ()):
        yield from schema_problems(schema.get("items", {}), each, f"{path}[{position}]")


def _scalar_problems(schema: Schema, value: Any, path: str) -> Iterator[Problem]:
    if "enum" in schema and value not in schema["enum"]:
        yield path, f"Unsupported value: {value!r}: supported values: {', '.join(map(repr, schema['enum']))}".replace("'", '"')
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield path, f"Invalid value: \"{value}\": {path} in body should match '{schema['pattern']}'"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if "minimum" in schema and value < schema["minimum"]:
            yield path, f"Invalid value: {value}: {path} in body should be greater than or equal to {schema['minimum']}"
        if "maximum" in schema and value > schema["maximum"]:
            yield path, f"Invalid value: {value}: {path} in body should be less than or equal to {schema['maximum']}"


def _is(wanted: str | None, value: Any) -> bool:
    if wanted is None:
        return True
    # In JSON, true is not a number.
    return isinstance(value, _TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))


def _type_of(value: Any) -> str:
    return next((name for name in ("boolean", "object", "array", "string", "integer", "number") if isinstance(value, _TYPES[name])), "null")


def structure_problems(schema: Any, path: str) -> Iterator[Problem]:
    """Why a schema is not structural: each level must say its type."""
    if not isinstance(schema, Mapping):
        yield path, "Required value: schemas are required"
        return
    if "type" not in schema and not schema.get("x-kubernetes-int-or-string") and not schema.get("x-kubernetes-preserve-unknown-fields"):
        yield f"{path}.type", "Required value: must not be empty for specified object fields"
    for name, each in (schema.get("properties") or {}).items():
        yield from structure_problems(each, f"{path}.properties[{name}]")
    if "items" in schema:
        yield from structure_problems(schema["items"], f"{path}.items")
