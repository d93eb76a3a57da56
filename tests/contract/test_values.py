"""The generated values are sound and reach every corner of the catalog."""

import pytest

from api_server.model.catalog import load
from api_server.model.kind import Kind
from api_server.model.validation import parse_attribute, parse_properties
from tests.contract.values import attribute_value, property_values, writable

CATALOG = load()


@pytest.mark.parametrize("kind", list(CATALOG), ids=lambda kind: str(kind.name))
def test_values_of_a_kind_are_stored_as_they_are_sent(kind: Kind) -> None:
    values = property_values(CATALOG, kind)

    assert values.keys() == writable(kind).keys()
    assert parse_properties(CATALOG, kind, values) == (values, [])


def test_every_attribute_is_stored_as_it_is_sent() -> None:
    for kind in CATALOG:
        for rule in kind.refs.values():
            value = attribute_value(CATALOG, rule)
            assert parse_attribute(CATALOG, rule, value) == (value, []), rule.name


def test_only_an_empty_structure_has_an_empty_value() -> None:
    empty = {(kind.name, name) for kind in CATALOG for name, value in property_values(CATALOG, kind).items() if value in ({}, [], "", None)}

    assert empty == {("customer-attachment", "attachment_address")}
