"""Values of a request against the schema: what is stored, and every problem with its path (contract 2.5).

Falsy values (null, "", 0, false, [] and {}) are not looked at and are stored as they are; clients send them for "not set".
"""

from collections.abc import Mapping
from typing import Any

from api_server.model.catalog import Catalog
from api_server.model.kind import Field, Kind, Property, RefRule
from api_server.model.scalars import UnfitError, parse_scalar, shown
from api_server.model.structures import faults, without_host_bits

# A list of 10,000 bad elements is told by its first ones.
_TOLD = 20


def parse_properties(catalog: Catalog, kind: Kind, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The properties among `given`, as they are stored, and the problems; other names and nulls are left out."""
    reading = _Reading(catalog)
    parsed = {
        name: reading.property(rule, value)
        for name, value in given.items()
        if value is not None and (rule := kind.properties.get(name)) is not None
    }
    return parsed, reading.told()


def parse_attribute(catalog: Catalog, rule: RefRule, attr: Any, path: str = "") -> tuple[Any, list[str]]:
    """The document on a ref, found at `path`; a ref without attribute type has none, whatever was given (contract 2.6)."""
    if not rule.attr:
        return None, []
    return parse_structure(catalog, rule.attr, attr, path or f"{rule.name}.attr")


def parse_structure(catalog: Catalog, type_name: str, value: Any, path: str) -> tuple[Any, list[str]]:
    """A value of that structure, found at `path`."""
    reading = _Reading(catalog)
    return reading.structure(type_name, value, path) if value else value, reading.told()


def parse_document(catalog: Catalog, name: str, value: Any) -> tuple[dict[str, Any], list[str]]:
    """`id_perms` or `perms2`: kept in columns, so that falsy values, null apart, must have the right type too."""
    reading = _Reading(catalog, strict=True)
    parsed = reading.structure(catalog.documents[name].type, value, name)
    return parsed if isinstance(parsed, dict) else {}, reading.told()


class _Reading:
    """One pass over a request; problems gather while values are parsed."""

    def __init__(self, catalog: Catalog, *, strict: bool = False) -> None:
        self._structures = catalog.structures
        self._strict = strict
        self._problems: list[str] = []

    def told(self) -> list[str]:
        more = len(self._problems) - _TOLD
        return [*self._problems[:_TOLD], f"and {more} more"] if more > 0 else self._problems

    def property(self, rule: Property, value: Any) -> Any:
        if not rule.collection:
            return self._field(rule, value, rule.name)
        # A collection is kept element by element: an empty one has nothing else that could be stored.
        wrapper = self._field(rule, value, rule.name) if value else {}
        elements = wrapper.get(rule.element) or [] if isinstance(wrapper, dict) else []
        if rule.map_key and isinstance(elements, list):
            elements = self._by_key(rule, elements)
        return {rule.element: elements} if elements else {}

    def _by_key(self, rule: Property, elements: list[Any]) -> list[Any]:
        """A repeated key keeps the last value (contract 1.9)."""
        found: dict[Any, Any] = {}
        for index, element in enumerate(elements):
            if not isinstance(element, dict):
                continue
            key = element.get(rule.map_key)
            if key is None or key == "":
                self._problems.append(f"{rule.name}.{rule.element}[{index}].{rule.map_key}: must be given")
            elif isinstance(key, str | int):
                found[key] = element
        return list(found.values())

    def _skips(self, value: Any) -> bool:
        return value is None or not (value or self._strict)

    def _field(self, rule: Field, value: Any, path: str) -> Any:
        if self._skips(value):
            return value
        if not rule.array:
            return self._single(rule, value, path)
        if not isinstance(value, list):
            self._problems.append(f"{path}: {shown(value)} is not a list")
            return value
        return [self._element(rule, element, f"{path}[{index}]") for index, element in enumerate(value)]

    def _element(self, rule: Field, value: Any, path: str) -> Any:
        """An element of a list of structures is an object, even an empty one: hooks walk over these lists."""
        if rule.type in self._structures:
            return self.structure(rule.type, value, path)
        return value if self._skips(value) else self._single(rule, value, path)

    def _single(self, rule: Field, value: Any, path: str) -> Any:
        if rule.type in self._structures:
            return self.structure(rule.type, value, path)
        try:
            return parse_scalar(rule, value)
        except UnfitError as unfit:
            self._problems.append(f"{path}: {unfit}")
            return value

    def structure(self, type_name: str, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            self._problems.append(f"{path}: {shown(value)} is not an object")
            return value
        known, before = self._structures[type_name], len(self._problems)
        parsed = {}
        for name, said in value.items():
            if (rule := known.get(name)) is None:
                self._problems.append(f"{path}: {type_name} does not have field {shown(name)}")
            else:
                parsed[name] = self._field(rule, said, f"{path}.{name}")
        if len(self._problems) == before:
            self._problems.extend(f"{path}.{fault}" for fault in faults(type_name, parsed))
        if type_name == "IpamSubnetType" and len(self._problems) == before and parsed.get("subnet"):
            parsed["subnet"] = without_host_bits(parsed["subnet"])
        return parsed
