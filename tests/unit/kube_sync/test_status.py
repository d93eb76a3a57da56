"""network-status: standard, in order, true, and no more written than needed (B24)."""

import json
from typing import Any

from kube_sync.model.attachments import Attachment
from kube_sync.model.choices import Choice
from kube_sync.model.names import Names
from kube_sync.model.status import Row, network_status
from tests.unit.kube_sync.fakes import pod

NAMES = Names("k8s")
DEFAULT = Choice(NAMES.default_reference, "default-uuid", ("v4",))
BLUE = Choice("default/blue", "blue-uuid", ("v4",), Attachment("default", "blue", default_route=("10.1.1.254",)))
FOREIGN = Choice("default/macvlan", attachment=Attachment("default", "macvlan"))
ROWS = [Row("02:00:00:00:00:01", ("10.32.0.5",)), Row("02:00:00:00:00:02", ("10.1.1.5", "2001:db8::5"))]


def status(*choices: Choice, written: Any = None, ips: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    text = "" if written is None else json.dumps(written)
    rows = ROWS[: len([choice for choice in choices if choice.network])]
    return list(json.loads(network_status(pod(status=text, ips=ips), choices, rows, NAMES)))


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
