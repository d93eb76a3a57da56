"""network-status: standard, in order, true, and no more written than needed (B24)."""

import json
from typing import Any

import pytest

from kube_sync.model.attachments import Attachment
from kube_sync.model.choices import Choice
from kube_sync.model.names import Names
from kube_sync.model.status import Row, StatusStyle, network_status, summary
from tests.unit.kube_sync.fakes import pod

NAMES = Names("k8s")
LEGACY = StatusStyle.LEGACY
DEFAULT = Choice(NAMES.default_reference, "default-uuid", ("v4",))
BLUE = Choice("default/blue", "blue-uuid", ("v4",), Attachment("default", "blue", default_route=("10.1.1.254",)))
FOREIGN = Choice("default/macvlan", attachment=Attachment("default", "macvlan"))
ROWS = [Row("02:00:00:00:00:01", ("10.32.0.5",)), Row("02:00:00:00:00:02", ("10.1.1.5", "2001:db8::5"))]


def status(
    *choices: Choice, written: Any = None, ips: tuple[str, ...] = (), style: StatusStyle = StatusStyle.STANDARD
) -> list[dict[str, Any]]:
    text = "" if written is None else json.dumps(written)
    rows = ROWS[: len([choice for choice in choices if choice.network])]
    return list(json.loads(network_status(pod(status=text, ips=ips), choices, rows, NAMES, style)))


def test_the_default_network_comes_first_and_alone_is_default() -> None:
    assert status(DEFAULT, BLUE) == [
        {
            "name": "k8s-default/k8s-default-pod-network",
            "interface": "eth0",
            "ips": ["10.32.0.5"],
            "mac": "02:00:00:00:00:01",
            "default": True,
            "dns": {},
        },
        {
            "name": "default/blue",
            "interface": "eth1",
            "ips": ["10.1.1.5", "2001:db8::5"],
            "mac": "02:00:00:00:00:02",
            "default-route": ["10.1.1.254"],
            "gateway": ["10.1.1.254"],
            "dns": {},
        },
    ]


def test_what_stands_there_already_is_left_to_the_letter() -> None:
    written = status(DEFAULT, BLUE)
    text = json.dumps(written, indent=1)

    assert network_status(pod(status=text), (DEFAULT, BLUE), ROWS, NAMES) == text


def test_entries_of_other_plug_ins_stay_behind_ours() -> None:
    foreign = {"name": "default/macvlan", "interface": "net1", "ips": ["192.168.1.5"]}

    assert [entry["name"] for entry in status(DEFAULT, FOREIGN, BLUE, written=[foreign])] == [
        NAMES.default_reference,
        "default/blue",
        "default/macvlan",
    ]


def test_a_default_of_another_plug_in_stays_the_only_default() -> None:
    multus = {"name": "cbr0", "interface": "eth0", "ips": ["10.244.0.5"], "default": True}

    assert [(entry["name"], entry.get("default", False)) for entry in status(DEFAULT, BLUE, written=[multus])] == [
        ("cbr0", True),
        ("default/blue", False),
    ]


def test_a_real_address_of_another_plug_in_is_told_in_place_of_ours() -> None:
    entry = status(DEFAULT, ips=("10.244.0.5",))[0]

    assert entry["ips"] == ["10.244.0.5"]
    assert "mac" not in entry


def test_a_real_address_that_is_ours_changes_nothing() -> None:
    assert status(DEFAULT, ips=("10.32.0.5",)) == status(DEFAULT)


def test_a_status_that_nobody_can_read_is_written_anew() -> None:
    for text in ("[", "{}", "7"):
        assert len(json.loads(network_status(pod(status=text), (DEFAULT,), ROWS[:1], NAMES))) == 1


def test_what_multus_knows_more_of_an_interface_of_ours_is_kept_and_what_is_ours_is_said_by_us() -> None:
    multus = {"name": "default/blue", "interface": "net1", "ips": ["10.1.1.5"], "mac": "aa:bb", "mtu": 1400, "device-info": {"type": "pci"}}
    entry = status(DEFAULT, BLUE, written=[multus])[1]

    assert entry == status(DEFAULT, BLUE)[1] | {"interface": "net1", "mtu": 1400, "device-info": {"type": "pci"}}


def test_an_entry_about_another_interface_of_the_same_network_is_replaced() -> None:
    stale = {"name": "default/blue", "interface": "net7", "ips": ["10.1.1.99"], "mac": "aa:bb"}

    assert status(DEFAULT, BLUE, written=[stale]) == status(DEFAULT, BLUE)


def test_the_legacy_style_has_three_keys_sorted_and_one_address_an_interface() -> None:
    text = network_status(pod(), (DEFAULT, BLUE), ROWS, NAMES, StatusStyle.LEGACY)

    assert text == json.dumps(
        [
            {"ips": "10.32.0.5", "mac": "02:00:00:00:00:01", "name": "cluster-wide-default"},
            {"ips": "10.1.1.5", "mac": "02:00:00:00:00:02", "name": "blue"},
        ],
        indent=4,
    )


def test_the_legacy_style_keeps_one_row_for_each_time_a_network_is_selected() -> None:
    assert [entry["name"] for entry in json.loads(network_status(pod(), (DEFAULT, BLUE, BLUE), [*ROWS, ROWS[1]], NAMES, LEGACY))] == [
        "cluster-wide-default",
        "blue",
        "blue",
    ]


@pytest.mark.parametrize(("before", "after"), [("standard", "legacy"), ("legacy", "standard")])
def test_another_style_rewrites_ours_leaves_others_and_then_rests(before: str, after: str) -> None:
    foreign = {"name": "default/macvlan", "interface": "net1", "ips": ["192.168.1.5"]}
    written = status(DEFAULT, FOREIGN, BLUE, written=[foreign], style=StatusStyle(before))
    rewritten = status(DEFAULT, FOREIGN, BLUE, written=written, style=StatusStyle(after))

    assert rewritten == status(DEFAULT, FOREIGN, BLUE, written=[foreign], style=StatusStyle(after)) != written
    assert status(DEFAULT, FOREIGN, BLUE, written=rewritten, style=StatusStyle(after)) == rewritten


def test_a_summary_tells_interfaces_networks_and_addresses() -> None:
    assert summary((DEFAULT, FOREIGN, BLUE), ROWS) == (
        "eth0 k8s-default/k8s-default-pod-network 10.32.0.5; eth1 default/blue 10.1.1.5, 2001:db8::5"
    )
