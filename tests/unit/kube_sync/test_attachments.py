"""The selection annotation: both forms, everything the standard demands of them, and where a fault lies (B15 to B18)."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_sync.model.attachments import LABEL, Attachment, attachments_of, interface_name
from kube_sync.model.refusals import InvalidAnnotation

EXTNS = {"name": "data-network", "namespace": "extns"}


def selected(annotation: str) -> list[str]:
    return [attachment.reference for attachment in attachments_of(annotation, "default")]


@pytest.mark.parametrize(
    "annotation",
    [
        "left-network,blue-network,right-network,extns/data-network",
        "  left-network, blue-network,\n right-network , extns/data-network\n",
        '[{"name": "left-network"}, {"name": "blue-network"}, {"name": "right-network"}, {"name": "data-network", "namespace": "extns"}]',
        json.dumps([{"name": "left-network"}, {"name": "blue-network"}, {"name": "right-network", "namespace": ""}, EXTNS], indent=2),
    ],
    ids=["names", "names with blanks", "json", "json over lines"],
)
def test_both_forms_select_the_same_networks_in_order(annotation: str) -> None:
    assert selected(annotation) == ["default/left-network", "default/blue-network", "default/right-network", "extns/data-network"]


@pytest.mark.parametrize("annotation", ["", "  ", "[]"])
def test_nothing_selected_is_no_fault(annotation: str) -> None:
    assert selected(annotation) == []


def test_the_same_network_twice_is_two_attachments() -> None:
    assert selected("a,a") == ["default/a", "default/a"]


def test_the_short_form_may_name_the_interface() -> None:
    assert attachments_of("x/a@eth5", "default") == (Attachment("x", "a", "eth5"),)


def test_the_json_form_carries_addresses_mac_interface_and_default_route() -> None:
    element = {
        "name": "a",
        "ips": ["10.1.1.7/24", "2001:db8::7"],
        "mac": "02-00-00-00-00-0A",
        "interface": "data0",
        "default-route": ["10.1.1.254"],
        "cni-args": {"anything": [1]},
        "example.org/own": True,
    }

    assert attachments_of(json.dumps([element]), "default") == (
        Attachment("default", "a", "data0", ("10.1.1.7", "2001:db8::7"), "02:00:00:00:00:0a", ("10.1.1.254",)),
    )


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        ("x/y/z", "element 1: name"),
        ("a,x/y/z", "element 2: name"),
        ("a,,b", "element 2: name"),
        ("/a", "element 1: namespace"),
        ("a@b@c", "element 1: name"),
        ("A", 'name "A" is not a Kubernetes name'),
        ("a@", "interface"),
        ("a@sixteen-letters-", "interface"),
        ("a@eth 5", "interface"),
        ("a@eth:5", "interface"),
        ("a@ethä", "interface"),
        ('[{"name": "a", "interface": "x\\"y"}]', "interface"),
        ("[", "not JSON: Expecting value: line 1 column 2"),
        ('["a"]', "element 1: must be an object"),
        ('{"name": "a"}', "must be a JSON list"),
        ('[{"namespace": "d"}]', "element 1: Object missing required field `name`"),
        ('[{"name": 7}]', "element 1: Expected `str`, got `int` - at `$.name`"),
        ('[{"name": "a"}, {"name": "b", "interfce": "x"}]', 'element 2: "interfce" is no key of the standard'),
        ('[{"name": "a", "ips": []}]', "$.ips"),
        ('[{"name": "a", "ips": ["10.1.1.300"]}]', "element 1: ips"),
        ('[{"name": "a", "ips": ["10.1.1.7/255.255.255.0"]}]', "element 1: ips"),
        ('[{"name": "a", "ips": ["fe80::1%eth0"]}]', "element 1: ips"),
        ('[{"name": "a", "ips": ["10.1.1.7", "10.1.1.7/24"]}]', 'ips "10.1.1.7" is asked for twice'),
        ('[{"name": "a", "mac": "02:00:00:00:00"}]', "element 1: mac"),
        ('[{"name": "a", "mac": "03:00:00:00:00:07"}]', "element 1: mac"),
        ('[{"name": "a", "mac": "00:00:00:00:00:00"}]', "element 1: mac"),
        (
            '[{"name": "a", "interface": "x"}, {"name": "b", "interface": "x"}]',
            'element 2: interface "x" is already the interface of element 1',
        ),
        ('[{"name": "a", "interface": "eth0"}]', "of the default network"),
        ('[{"name": "a", "interface": "eth2"}, {"name": "b"}]', 'element 2: interface "eth2"'),
        ('[{"name": "a", "default-route": []}, {"name": "b", "default-route": []}]', "default-route in elements [1, 2]"),
        ('[{"name": "a", "default-route": ["gateway"]}]', "default-route"),
        ('[{"name": "a", "default-route": ["10.1.1.254/24"]}]', "default-route"),
        ('[{"name": "a", "portMappings": [{"hostPort": 80, "containerPort": 8080}]}]', "portMappings is not supported"),
        ('[{"name": "a", "portMappings": [{"hostPort": 0, "containerPort": 8080}]}]', "$.portMappings[0].hostPort"),
        ('[{"name": "a", "bandwidth": {"ingressRate": 5}}]', "bandwidth is not supported"),
        ('[{"name": "a", "infiniband-guid": "xx"}]', "infiniband-guid"),
        ('[{"name": "a", "infiniband-guid": "00:00:00:00:00:00:00:01"}]', "infiniband-guid is not supported"),
        ('[{"name": "a", "ips": ["10.1.1.7"], "ipam-claim-reference": "c"}]', "excludes ips"),
        pytest.param("[" * 100_000, "not JSON", id="very deep"),
    ],
)
def test_a_fault_makes_the_whole_selection_invalid_and_is_located(annotation: str, told: str) -> None:
    with pytest.raises(InvalidAnnotation) as why:
        attachments_of(annotation, "default")

    assert told in str(why.value)


def test_a_fault_is_told_in_few_plain_words_whatever_the_annotation_holds() -> None:
    for annotation in (json.dumps([{"name": "x" * 100_000}]), json.dumps(["y" * 100_000]), json.dumps([{"\ud800" * 100_000: 1}])):
        with pytest.raises(InvalidAnnotation) as why:
            attachments_of(annotation, "default")

        assert len(str(why.value).encode()) < 300


def test_an_ipam_claim_alone_is_read_past() -> None:
    assert selected('[{"name": "a", "ipam-claim-reference": "c"}]') == ["default/a"]


def test_interfaces_without_a_name_are_called_after_their_index() -> None:
    assert [interface_name(0, None), interface_name(2, Attachment("d", "a")), interface_name(2, Attachment("d", "a", "x"))] == [
        "eth0",
        "eth2",
        "x",
    ]


NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
INTERFACES = st.none() | st.from_regex(r"[a-z]{3}[0-9a-z]{1,10}x", fullmatch=True)
SELECTIONS = st.lists(st.builds(Attachment, NAMES, NAMES, INTERFACES), min_size=1, max_size=8).filter(
    lambda found: len({attachment.interface for attachment in found} - {None}) == len([1 for attachment in found if attachment.interface])
)
KEYS = st.sampled_from(
    ["name", "namespace", "ips", "mac", "interface", "default-route", "cni-args", "portMappings", "bandwidth", "a.b", "x"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=4),
)


@given(st.text() | JSON.map(json.dumps) | st.lists(st.dictionaries(KEYS, JSON), max_size=3).map(json.dumps))
def test_no_annotation_does_worse_than_be_invalid(annotation: str) -> None:
    found: tuple[Attachment, ...] = ()
    with suppress(InvalidAnnotation):
        found = attachments_of(annotation, "default")

    assert all(LABEL.fullmatch(attachment.name) for attachment in found)


@given(SELECTIONS)
def test_both_forms_carry_the_same_selection_there_and_back(wanted: list[Attachment]) -> None:
    short = " , ".join(each.reference + (f"@{each.interface}" if each.interface else "") for each in wanted)
    elements = [
        {"namespace": each.namespace, "name": each.name, **({"interface": each.interface} if each.interface else {})} for each in wanted
    ]

    assert attachments_of(short, "elsewhere") == attachments_of(json.dumps(elements), "elsewhere") == tuple(wanted)
