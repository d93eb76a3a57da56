"""What a definition stands for (B02 to B09)."""

import pytest

from kube_sync.model.names import Names
from kube_sync.model.networks import CIDR, FORWARDING, GATEWAY, SNAT, Made, Mapped, is_ours, network_of
from kube_sync.model.objects import NETWORK
from kube_sync.model.prefixes import GatewayPlace
from kube_sync.model.refusals import (
    ConflictingAnnotations,
    InvalidAnnotation,
    InvalidConfig,
    OverlappingCIDR,
    Refusal,
    ReservedName,
)
from kube_sync.model.rules import OverlapPolicy, Rules
from tests.unit.kube_sync.fakes import RULES, definition

NAMES = Names("k8s")


TARGET = '{"domain": "default-domain", "project": "p", "name": "n"}'


def annotated(annotations: dict[str, str], name: str = "right-network", rules: Rules = RULES) -> Made | Mapped:
    return network_of(definition(name, annotations=annotations), NAMES, rules)


def test_way_a_makes_a_network_of_the_prefix_that_an_address_lies_in() -> None:
    made = annotated({CIDR: "10.1.1.5/24", FORWARDING: "false", SNAT: "false"})

    assert isinstance(made, Made)
    assert made.fq_name == ("default-domain", "k8s-default", "k8s-right-network-pod-network")
    assert made.ipam == ("default-domain", "k8s-default", "k8s-right-network-pod-ipam")
    assert [str(subnet.prefix) for subnet in made.subnets] == ["10.1.1.0/24"]
    assert (made.forwarding, made.snat) == (False, False)


def test_way_b_maps_a_network_by_its_three_names() -> None:
    target = '{"domain":"default-domain", "project": "k8s-extns", "name":"k8s-extns-pod-network"}'

    assert annotated({NETWORK: target}) == Mapped(("default-domain", "k8s-extns", "k8s-extns-pod-network"))


def test_a_prefix_of_each_family_is_one_network() -> None:
    made = annotated({CIDR: "10.1.1.0/24, 2001:db8::/64"})

    assert isinstance(made, Made)
    assert [str(subnet.prefix) for subnet in made.subnets] == ["10.1.1.0/24", "2001:db8::/64"]


@pytest.mark.parametrize(
    ("annotations", "range_"),
    [
        ({CIDR: "10.33.0.0/16"}, "10.32.0.0/12, the addresses of pods"),
        ({CIDR: "10.0.0.0/8"}, "10.32.0.0/12, the addresses of pods"),
        ({CIDR: "10.96.0.10/29"}, "10.96.0.0/12, the addresses of services"),
        ({CIDR: "2001:db8::/64,10.79.255.0/24"}, "10.64.0.0/12, the addresses of the IP fabric"),
    ],
)
def test_b06_the_clusters_own_addresses_are_not_given_twice_unless_that_is_ignored(annotations: dict[str, str], range_: str) -> None:
    with pytest.raises(OverlappingCIDR) as why:
        annotated(annotations)
    ignoring = annotated(annotations, rules=Rules(overlap=OverlapPolicy.IGNORE))

    assert f"overlaps {range_}" in str(why.value)
    assert isinstance(ignoring, Made)


def test_g1_host_bits_are_dropped_and_said() -> None:
    made = annotated({CIDR: "10.1.1.5/24, 2001:db8::/64"})
    plain = annotated({CIDR: "10.1.1.0/24"})

    assert isinstance(made, Made)
    assert isinstance(plain, Made)
    assert [(note.reason, note.warning) for note in made.notes] == [("CIDRNormalized", False)]
    assert "10.1.1.5/24 is the prefix 10.1.1.0/24" in made.notes[0].text
    assert "2001:db8::" not in made.notes[0].text.partition(": ")[2].partition(": ")[2]
    assert plain.notes == ()


@pytest.mark.parametrize(
    ("cidr", "gateway", "place", "expected"),
    [
        ("10.1.1.0/24,2001:db8::/64", None, GatewayPlace.LAST, ["10.1.1.254", "2001:db8::ffff:ffff:ffff:fffe"]),
        ("10.1.1.0/24,2001:db8::/64", None, GatewayPlace.FIRST, ["10.1.1.1", "2001:db8::1"]),
        ("10.1.1.0/24,2001:db8::/64", "2001:db8::9", GatewayPlace.LAST, ["10.1.1.254", "2001:db8::9"]),
        ("10.1.1.0/24,2001:db8::/64", "2001:db8::9, 10.1.1.7", GatewayPlace.FIRST, ["10.1.1.7", "2001:db8::9"]),
    ],
)
def test_g4_the_gateway_is_the_last_host_the_first_or_the_one_asked_for(
    cidr: str, gateway: str | None, place: GatewayPlace, expected: list[str]
) -> None:
    made = annotated({CIDR: cidr} | ({GATEWAY: gateway} if gateway else {}), rules=Rules(gateway=place))

    assert isinstance(made, Made)
    assert [str(subnet.gateway) for subnet in made.subnets] == expected


@pytest.mark.parametrize("gateway", ["10.1.2.1", "10.1.1.0", "10.1.1.255", "ten", "", "10.1.1.1,10.1.1.2", "2001:db8::1", "10.1.1.1/24"])
def test_g4_a_gateway_that_is_no_host_of_the_prefix_is_refused(gateway: str) -> None:
    with pytest.raises(InvalidAnnotation, match=r"opencontrail.org/gateway"):
        annotated({CIDR: "10.1.1.0/24", GATEWAY: gateway})


@pytest.mark.parametrize(
    "annotations",
    [{CIDR: "10.1.1.0/24", NETWORK: "{}"}, {}, {NETWORK: TARGET, GATEWAY: "10.1.1.1"}],
    ids=["both ways", "neither way", "a gateway for a network of somebody else"],
)
def test_b07_exactly_one_way_must_be_chosen(annotations: dict[str, str]) -> None:
    with pytest.raises(ConflictingAnnotations):
        annotated(annotations)


@pytest.mark.parametrize(
    ("forwarding", "snat", "expected"),
    [("True", "false", (True, False)), ("false", "true", (False, True)), ("true", "true", (True, False))],
    ids=["forwarding", "snat", "forwarding wins"],
)
def test_b08_fabric_flags_are_read_in_any_case_and_forwarding_wins(forwarding: str, snat: str, expected: tuple[bool, bool]) -> None:
    made = annotated({CIDR: "10.1.1.0/24", FORWARDING: forwarding, SNAT: snat})

    assert isinstance(made, Made)
    assert (made.forwarding, made.snat) == expected
    assert [(note.reason, note.warning) for note in made.notes] == ([("FabricForwardingWins", True)] if forwarding == snat else [])


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
