"""Rules of security groups and network policies: uuids that stay, and duplicates (contract 3.4)."""

from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from api_server.errors import DuplicateRule
from api_server.model.catalog import load
from api_server.model.policy_rules import default_rules, group_problems, is_full_name, policy_problems, rules_of, settle_rules
from api_server.model.resource import Resource, new_uuid

ENTRIES = "security_group_entries"
KIND = load()["security-group"]

ports = st.fixed_dictionaries({"start_port": st.integers(0, 9), "end_port": st.integers(0, 9)})
addresses = st.fixed_dictionaries(
    {}, optional={"security_group": st.sampled_from(["local", "any", "", None]), "virtual_network": st.none()}
)
rules = st.fixed_dictionaries(
    {"protocol": st.sampled_from(["any", "tcp", "6"])},
    optional={
        "ethertype": st.sampled_from(["IPv4", "IPv6", None]),
        "src_addresses": st.lists(addresses, max_size=2) | st.none(),
        "src_ports": st.lists(ports, max_size=1),
        "action_list": st.dictionaries(st.sampled_from(["log", "alert"]), st.booleans()),
    },
)


def group(*said: dict[str, Any]) -> Resource:
    return Resource(KIND, new_uuid(), ("d", "p", "g"), properties={ENTRIES: {"policy_rule": list(said)}})


@given(st.lists(rules, max_size=6))
def test_settled_rules_have_uuids_and_are_settled_for_good(said: list[dict[str, Any]]) -> None:
    one, other = group(*said), group(*said)
    try:
        settle_rules(None, one, ENTRIES)
    except DuplicateRule:
        reject()
    settle_rules(one, other, ENTRIES)

    settled = rules_of(one, ENTRIES)
    assert rules_of(other, ENTRIES) == settled
    assert len({rule["rule_uuid"] for rule in settled}) == len(said)
    assert [{name: value for name, value in rule.items() if name != "rule_uuid"} for rule in settled] == said


@given(rules)
def test_a_rule_and_itself_with_more_that_is_empty_are_the_same(rule: dict[str, Any]) -> None:
    one = group({**rule, "rule_uuid": "first"}, {**rule, "dst_addresses": [], "description": None, "created": "2024-05-01T00:00:00"})

    with pytest.raises(DuplicateRule, match="Rule already exists : first"):
        settle_rules(None, one, ENTRIES)


def test_false_is_something_that_a_rule_says() -> None:
    one = group({"protocol": "any", "action_list": {"log": False}}, {"protocol": "any"})

    settle_rules(None, one, ENTRIES)

    assert len(rules_of(one, ENTRIES)) == 2


@given(st.lists(rules, max_size=4))
def test_no_document_of_a_sound_shape_breaks_the_checks(said: list[dict[str, Any]]) -> None:
    found = [*group_problems(said, ENTRIES), *policy_problems(said, "network_policy_entries")]

    assert all("policy_rule[" in problem for problem in found)


def test_the_default_rules_are_what_a_group_may_have() -> None:
    one = group(*default_rules(("d", "p", "default"))["policy_rule"])

    assert list(group_problems(rules_of(one, ENTRIES), ENTRIES)) == []
    settle_rules(None, one, ENTRIES)
    assert len({rule["rule_uuid"] for rule in rules_of(one, ENTRIES)}) == 4


@pytest.mark.parametrize(
    ("text", "whole"), [("d:p:n", True), ("d:p:n:more", True), ("n", False), ("d:p", False), ("d::n", False), ("", False), (None, False)]
)
def test_a_whole_name_has_three_elements(text: object, whole: bool) -> None:
    assert is_full_name(text) is whole
