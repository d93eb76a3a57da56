"""What a definition stands for (B02 to B09)."""

import json

import pytest

from kube_sync.model.names import Names
from kube_sync.model.networks import CIDR, FORWARDING, NETWORK, SNAT, Made, Mapped, is_ours, network_of
from kube_sync.model.refusals import (
    ConflictingAnnotations,
    InvalidAnnotation,
    InvalidCIDR,
    InvalidConfig,
    OverlappingCIDR,
    Refusal,
    ReservedName,
)
from tests.unit.kube_sync.fakes import RANGES, definition

NAMES = Names("k8s")


def annotated(annotations: dict[str, str], name: str = "right-network") -> Made | Mapped:
    return network_of(definition(name, annotations=annotations), NAMES, RANGES)


def test_way_a_makes_a_network_of_the_prefix_that_an_address_lies_in() -> None:
    made = annotated({CIDR: "10.1.1.5/24", FORWARDING: "false", SNAT: "false"})

    assert isinstance(made, Made)
    assert made.fq_name == ("default-domain", "k8s-default", "k8s-right-network-pod-network")
    assert made.ipam == ("default-domain", "k8s-default", "k8s-right-network-pod-ipam")
    assert [str(subnet) for subnet in made.subnets] == ["10.1.1.0/24"]
    assert (made.forwarding, made.snat) == (False, False)


def test_way_b_maps_a_network_by_its_three_names() -> None:
    target = '{"domain":"default-domain", "project": "k8s-extns", "name":"k8s-extns-pod-network"}'

    assert annotated({NETWORK: target}) == Mapped(("default-domain", "k8s-extns", "k8s-extns-pod-network"))


def test_a_prefix_of_each_family_is_one_network() -> None:
    made = annotated({CIDR: "10.1.1.0/24, 2001:db8::/64"})

    assert isinstance(made, Made)
    assert [str(subnet) for subnet in made.subnets] == ["10.1.1.0/24", "2001:db8::/64"]


@pytest.mark.parametrize(
    "cidr",
    [
        "10.1.1.0",
        "300.1.1.0/24",
        "10.1.1.0/33",
        "",
        "10.1.1.0/30",
        "fe80::/129",
        "10.1.1.0/24,10.2.2.0/24",
        "2001:db8::/126",
        "ten",
        "10.1.1.0/24,",
    ],
)
def test_a_prefix_that_cannot_be_used_is_refused_with_its_text(cidr: str) -> None:
    with pytest.raises(InvalidCIDR, match=r"opencontrail.org/cidr") as why:
        annotated({CIDR: cidr})

    assert json.dumps(cidr) in str(why.value)


def test_the_addresses_of_the_cluster_wide_network_are_not_given_twice() -> None:
    with pytest.raises(OverlappingCIDR, match=r"10.33.0.0/16 overlaps 10.32.0.0/12"):
        annotated({CIDR: "10.33.0.0/16"})


@pytest.mark.parametrize("annotations", [{CIDR: "10.1.1.0/24", NETWORK: "{}"}, {}], ids=["both ways", "neither way"])
def test_exactly_one_way_must_be_chosen(annotations: dict[str, str]) -> None:
    with pytest.raises(ConflictingAnnotations):
        annotated(annotations)


@pytest.mark.parametrize(
    ("forwarding", "snat", "expected"),
    [("True", "false", (True, False)), ("false", "true", (False, True)), ("true", "true", (True, False))],
    ids=["forwarding", "snat", "forwarding wins"],
)
def test_fabric_flags_are_read_in_any_case_and_forwarding_wins(forwarding: str, snat: str, expected: tuple[bool, bool]) -> None:
    made = annotated({CIDR: "10.1.1.0/24", FORWARDING: forwarding, SNAT: snat})

    assert isinstance(made, Made)
    assert (made.forwarding, made.snat) == expected


@pytest.mark.parametrize(
    "annotations",
    [
        {CIDR: "10.1.1.0/24", SNAT: "yes"},
        {NETWORK: "left"},
        {NETWORK: "[]"},
        {NETWORK: '{"domain": "default-domain", "project": "p"}'},
        {NETWORK: '{"domain": "default-domain", "project": "p", "name": ""}'},
        {NETWORK: '{"domain": "default-domain", "project": "p", "name": "a:b"}'},
        {NETWORK: "{'domain': 'd', 'project': 'p', 'name': 'n'}"},
    ],
)
def test_an_annotation_that_cannot_be_read_is_refused(annotations: dict[str, str]) -> None:
    with pytest.raises(InvalidAnnotation):
        annotated(annotations)


def test_a_definition_that_would_be_the_cluster_wide_network_is_refused() -> None:
    with pytest.raises(ReservedName, match="choose another name"):
        annotated({CIDR: "10.1.1.0/24"}, name="default")


@pytest.mark.parametrize(
    ("config", "ours"),
    [
        ('{"cniVersion": "0.3.1", "type": "contrail-k8s-cni"}', True),
        ('{"type": "macvlan"}', False),
        ('{"plugins": [{"type": "contrail-k8s-cni"}]}', False),
        ("", False),
    ],
    ids=["contrail", "another plug-in", "a list of plug-ins", "nothing"],
)
def test_definitions_of_other_plug_ins_are_none_of_our_business(config: str, ours: bool) -> None:
    assert is_ours(definition(config=config)) is ours


@pytest.mark.parametrize("config", ["{", "[]", "7", "[" * 100_000], ids=["broken", "a list", "a number", "very deep"])
def test_a_config_that_is_no_object_is_told(config: str) -> None:
    with pytest.raises(InvalidConfig, match=r"spec.config"):
        is_ours(definition(config=config))


def test_every_refusal_has_a_reason_of_its_own_to_tell() -> None:
    refusals = Refusal.__subclasses__()

    assert all(refusal.reason not in {"", Refusal.reason} and refusal.reason.isalnum() for refusal in refusals)
