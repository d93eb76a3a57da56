"""What rules allow, sentence by sentence of contract 5.4."""

from typing import Any

import pytest

from api_server.access.rules import Rules


def rule(place: str, perms: dict[str, str]) -> dict[str, Any]:
    """`virtual-network.mtu` -> a rule for that field; without a field, for the object."""
    thing, _, field = place.partition(".")
    return {
        "rule_object": thing,
        "rule_field": field,
        "rule_perms": [{"role_name": name, "role_crud": crud} for name, crud in perms.items()],
    }


MEMBER = ["member"]


def test_no_rule_allows_nothing() -> None:
    assert not Rules([]).allow(MEMBER, "R", "virtual-network")


@pytest.mark.parametrize("letter", "CRUD")
def test_a_rule_gives_the_letters_it_names(letter: str) -> None:
    given = Rules([rule("virtual-network", {"member": "RU"})])

    assert given.allow(MEMBER, letter, "virtual-network") == (letter in "RU")


def test_a_rule_is_for_its_object_and_its_role() -> None:
    given = Rules([rule("virtual-network", {"member": "CRUD"})])

    assert not given.allow(MEMBER, "R", "project")
    assert not given.allow(["reader"], "R", "virtual-network")
    assert given.allow(["reader", "member"], "R", "virtual-network")


def test_any_role_is_a_star() -> None:
    assert Rules([rule("fqname-to-id", {"*": "CRUD"})]).allow(["whoever"], "C", "fqname-to-id")


@pytest.mark.parametrize("field", [None, "", "*"])
def test_no_field_an_empty_one_and_a_star_are_the_whole_object(field: str | None) -> None:
    given = Rules([{"rule_object": "project", "rule_field": field, "rule_perms": [{"role_name": "member", "role_crud": "R"}]}])

    assert given.allow(MEMBER, "R", "project")


def test_perms_of_the_same_object_and_field_add_up() -> None:
    given = Rules([rule("project", {"member": "R"}), rule("project.*", {"member": "U", "reader": "R"})])

    assert given.allow(MEMBER, "R", "project")
    assert given.allow(MEMBER, "U", "project")
    assert given.allow(["reader"], "R", "project")


def test_the_rule_for_everything_decides_where_there_is_none_for_the_object() -> None:
    given = Rules([rule("*", {"member": "CRUD"}), rule("project", {"member": "R"})])

    assert given.allow(MEMBER, "C", "virtual-network")
    assert not given.allow(MEMBER, "C", "project")


def test_a_field_with_a_rule_of_its_own_must_be_allowed_by_it() -> None:
    given = Rules([rule("*", {"member": "CRUD"}), rule("logical-router.logical_router_gateway_external", {"*": "R"})])

    assert given.allow(MEMBER, "U", "logical-router", ["display_name"])
    assert not given.allow(MEMBER, "U", "logical-router", ["display_name", "logical_router_gateway_external"])


def test_a_request_of_fields_with_rules_alone_needs_no_rule_for_the_object() -> None:
    given = Rules([rule("virtual-network.display_name", {"member": "U"})])

    assert given.allow(MEMBER, "U", "virtual-network", ["display_name"])
    assert given.allow(MEMBER, "U", "virtual-network", ["uuid", "fq_name", "display_name"])
    assert not given.allow(MEMBER, "U", "virtual-network", ["display_name", "mtu"])


@pytest.mark.parametrize("fields", [[], ["uuid"], ["uuid", "fq_name"]])
def test_a_request_of_no_field_needs_the_rule_for_the_object(fields: list[str]) -> None:
    assert not Rules([rule("virtual-network.display_name", {"member": "CRUD"})]).allow(MEMBER, "C", "virtual-network", fields)
    assert Rules([rule("virtual-network", {"member": "C"})]).allow(MEMBER, "C", "virtual-network", fields)


def test_names_count_no_letter_case_of_roles_and_letters() -> None:
    assert Rules([rule("project", {"Member": "r"})]).allow(MEMBER, "R", "project")


def test_an_underscore_in_an_object_is_a_hyphen() -> None:
    assert Rules([rule("virtual_network", {"member": "R"})]).allow(MEMBER, "R", "virtual-network")


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "project",
        {},
        {"rule_object": "project"},
        {"rule_object": "project", "rule_perms": None},
        {"rule_object": "project", "rule_perms": [None, {}]},
        {"rule_object": "project", "rule_perms": [{"role_name": "member", "role_crud": None}]},
        {"rule_object": "", "rule_perms": [{"role_name": "*", "role_crud": "CRUD"}]},
        {"rule_object": "project", "rule_perms": [{"role_name": None, "role_crud": "CRUD"}]},
    ],
)
def test_an_odd_rule_allows_nothing_and_breaks_nothing(odd: Any) -> None:
    given = Rules([odd, rule("domain", {"member": "R"})])

    assert not given.allow(MEMBER, "R", "project")
    assert given.allow(MEMBER, "R", "domain")
