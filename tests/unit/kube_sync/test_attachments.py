"""The selection annotation: both forms, everything the standard demands of them, and where a fault lies (B15 to B18)."""

import json

import pytest

from kube_sync.model.attachments import Attachment, attachments_of, interface_name
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
        ("[", "not JSON: Expecting value: line 1 column 2"),
        ('["a"]', "element 1: must be an object"),
        ('{"name": "a"}', "must be a JSON list"),
        ('[{"namespace": "d"}]', "element 1: Object missing required field `name`"),
        ('[{"name": 7}]', "element 1: Expected `str`, got `int` - at `$.name`"),
        ('[{"name": "a"}, {"name": "b", "interfce": "x"}]', "element 2: interfce"),
        ('[{"name": "a", "ips": []}]', "$.ips"),
        ('[{"name": "a", "ips": ["10.1.1.300"]}]', "element 1: ips"),
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


def test_an_ipam_claim_alone_is_read_past() -> None:
    assert selected('[{"name": "a", "ipam-claim-reference": "c"}]') == ["default/a"]


def test_interfaces_without_a_name_are_called_after_their_index() -> None:
    assert [interface_name(0, None), interface_name(2, Attachment("d", "a")), interface_name(2, Attachment("d", "a", "x"))] == [
        "eth0",
        "eth2",
        "x",
    ]
