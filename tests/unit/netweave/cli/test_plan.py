"""What must be done so that the server holds what is wanted."""

from typing import Any

import pytest

from netweave.cli.bundle import Item, ordered
from netweave.cli.plan import plan
from netweave.cli.sameness import changes


def network(name: str, *refs: str, **properties: Any) -> Item:
    links = {"virtual_network_refs": [{"to": [to], "attr": None} for to in refs]} if refs else {}
    return Item("virtual-network", {"fq_name": [name], **links, **properties}, "here")


def stored(item: Item) -> dict[str, Any]:
    return {"uuid": f"uuid of {item}", **item.document}


def test_what_is_missing_is_created_and_what_is_there_is_left() -> None:
    new, old = network("new", mtu=9000), network("old")
    steps = plan([new, old], {old: stored(old)})

    assert [(step.action, step.body) for step in steps] == [("created", {"fq_name": ["new"], "mtu": 9000}), ("unchanged", {})]


def test_an_update_sends_only_what_differs() -> None:
    wanted = network("n", mtu=9000, display_name="n")
    (step,) = plan([wanted], {wanted: stored(wanted) | {"mtu": 1500}})

    assert (step.action, step.body, step.uuid) == ("updated", {"mtu": 9000}, "uuid of virtual-network n")


def test_partners_in_a_circle_are_made_first_and_linked_at_the_end() -> None:
    one, two = network("1", "2"), network("2", "1")
    first, second = plan(ordered([one, two]), {})

    assert first.body["virtual_network_refs"] == []
    assert first.later == {"virtual_network_refs": one.document["virtual_network_refs"]}
    assert (second.body["virtual_network_refs"], second.later) == (two.document["virtual_network_refs"], {})


def test_an_existing_partner_never_loses_a_ref_on_the_way() -> None:
    old, new = network("1", "2", "3"), network("2", "1")
    first, _ = plan(ordered([old, new]), {old: stored(network("1", "3")) | {"uuid": "u"}})

    assert (first.action, first.body) == ("updated", {})
    assert first.later == {"virtual_network_refs": old.document["virtual_network_refs"]}


def test_a_plan_on_its_own_result_does_nothing() -> None:
    items = [network("1", "2", mtu=1), network("2", "1")]
    steps = plan(ordered(items), {item: stored(item) for item in items})

    assert [step.action for step in steps] == ["unchanged", "unchanged"]


SUBNET = {"subnet": {"ip_prefix": "10.0.0.7", "ip_prefix_len": 24}}
STORED_SUBNET = {"subnet": {"ip_prefix": "10.0.0.0", "ip_prefix_len": 24}, "subnet_uuid": "s", "default_gateway": "10.0.0.254"}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"mtu": None}, {}),
        ({"annotations": {}}, {}),
        ({"a_refs": []}, {}),
        ({"mtu": "1500"}, {"mtu": 1500}),
        ({"mac": {"mac_address": ["02-AB-00-00-00-01"]}}, {"mac": {"mac_address": ["02:ab:00:00:00:01"]}}),
        ({"ip": "2001:DB8::0"}, {"ip": "2001:db8::"}),
        ({"perms2": {"owner": "o"}}, {"perms2": {"owner": "o", "owner_access": 7}}),
        (
            {"ipam_refs": [{"to": ["i"], "attr": {"s": [SUBNET]}}]},
            {"ipam_refs": [{"to": ["i"], "uuid": "u", "attr": {"s": [STORED_SUBNET]}}]},
        ),
        ({"a_refs": [{"uuid": "2"}, {"to": ["1"]}]}, {"a_refs": [{"to": ["1"], "uuid": "1"}, {"to": ["2"], "uuid": "2", "attr": None}]}),
        ({"m": {"kv": [{"key": "b"}, {"key": "a"}]}}, {"m": {"kv": [{"key": "a"}, {"key": "b"}]}}),
        ({"name": "x", "href": "h", "uuid": "u", "parent_uuid": "p"}, {}),
        ({"a_back_refs": [{"to": ["x"], "uuid": "u", "attr": None}]}, {}),
        ({"routing_instances": [{"to": ["x"], "uuid": "u", "href": "h"}]}, {}),
        ({"id_perms": {"created": "then", "enable": True}}, {"id_perms": {"created": "now", "enable": True}}),
    ],
)
def test_what_says_the_same_needs_no_change(wanted: dict[str, Any], found: dict[str, Any]) -> None:
    assert changes(wanted, found) == {}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"mtu": None}, {"mtu": 5}),
        ({"mtu": 0}, {}),
        ({"shared": True}, {"shared": "True"}),
        ({"shared": False}, {}),
        ({"shared": 1}, {"shared": True}),
        ({"a_refs": []}, {"a_refs": [{"to": ["1"], "uuid": "1", "attr": None}]}),
        ({"a_refs": [{"to": ["1"]}]}, {}),
        ({"a_refs": [{"to": ["1"]}]}, {"a_refs": [{"to": ["2"], "uuid": "2", "attr": None}]}),
        ({"a_refs": [{"to": ["1"], "attr": {"x": 1}}]}, {"a_refs": [{"to": ["1"], "uuid": "1", "attr": {"x": 2}}]}),
        ({"list": {"x": ["a", "b"]}}, {"list": {"x": ["b", "a"]}}),
        ({"list": {"x": ["a"]}}, {"list": {"x": ["a", "b"]}}),
        ({"property": [{"to": "b"}]}, {"property": [{"to": "a"}]}),
        ({"s": SUBNET}, {"s": {"subnet": {"ip_prefix": "10.0.1.0", "ip_prefix_len": 24}}}),
        ({"id_perms": {"description": "new"}}, {"id_perms": {"description": None}}),
    ],
)
def test_what_says_something_else_is_sent_whole(wanted: dict[str, Any], found: dict[str, Any]) -> None:
    assert changes(wanted, found) == wanted
