"""The annotation of the newer Contrail line, where it is read (2.9)."""

import json
from typing import Any

import pytest

from kube_sync.model.juniper import JUNIPER, RouteTargets
from kube_sync.model.names import Names
from kube_sync.model.networks import CIDR, FORWARDING, GATEWAY, SNAT, Made, network_of
from kube_sync.model.refusals import ConflictingAnnotations, InvalidAnnotation, InvalidCIDR, OverlappingCIDR
from kube_sync.model.rules import ExtraSource, Rules
from tests.unit.kube_sync.fakes import definition

RULES = Rules(extra_source=ExtraSource.JUNIPER)


def made_of(annotation: dict[str, Any] | str, rules: Rules = RULES, **others: str) -> Made:
    text = annotation if isinstance(annotation, str) else json.dumps(annotation)
    found = network_of(definition("vn1", annotations={JUNIPER: text, **others}), Names("k8s"), rules)
    assert isinstance(found, Made)
    return found


def test_prefixes_source_nat_and_route_targets_make_a_network() -> None:
    made = made_of(
        {
            "ipamV4Subnet": "172.16.10.5/24",
            "ipamV6Subnet": "2001:db8::/64",
            "fabricSNAT": True,
            "routeTargetList": ["target:23:4561"],
            "importRouteTargetList": ["target:10.2.2.2:561"],
            "exportRouteTargetList": ["target:10.1.1.1:561"],
            "podNetwork": True,
        }
    )

    assert made.fq_name[-1] == "k8s-vn1-pod-network"
    assert [str(subnet.prefix) for subnet in made.subnets] == ["172.16.10.0/24", "2001:db8::/64"]
    assert (made.forwarding, made.snat) == (False, True)
    assert made.targets == RouteTargets(("target:23:4561",), ("target:10.2.2.2:561",), ("target:10.1.1.1:561",))
    assert [note.reason for note in made.notes] == ["CIDRNormalized"]


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        ("{", "is not JSON"),
        ("[]", "object"),
        ({}, "needs ipamV4Subnet or ipamV6Subnet"),
        ({"ipamV4Subnet": "172.16.10.0/24", "ipamv6Subnet": "2001:db8::/64"}, "ipamv6Subnet"),
        ({"ipamV4Subnet": 7}, "ipamV4Subnet"),
        ({"ipamV4Subnet": "172.16.10.0/24", "fabricSNAT": "true"}, "fabricSNAT"),
        ({"ipamV4Subnet": "172.16.10.0/24", "routeTargetList": ["64512:1"]}, "routeTargetList"),
        ({"ipamV4Subnet": "172.16.10.0/24", "routeTargetList": "target:1:1"}, "routeTargetList"),
    ],
)
def test_an_unknown_key_or_a_value_that_cannot_be_is_named(annotation: dict[str, Any] | str, told: str) -> None:
    with pytest.raises(InvalidAnnotation, match=JUNIPER) as why:
        made_of(annotation)

    assert told in str(why.value)


def test_prefixes_obey_the_rules_of_all_prefixes() -> None:
    with pytest.raises(InvalidCIDR, match=r"ipamV6Subnet.*one IPv6 prefix"):
        made_of({"ipamV6Subnet": "172.16.10.0/24"})
    with pytest.raises(InvalidCIDR, match=r"ipamV4Subnet.*smallest"):
        made_of({"ipamV4Subnet": "172.16.10.0/30"})
    with pytest.raises(OverlappingCIDR, match="services"):
        made_of({"ipamV4Subnet": "10.96.0.0/24"})


@pytest.mark.parametrize("other", [CIDR, SNAT, FORWARDING, GATEWAY])
def test_beside_the_annotations_that_say_the_same_it_is_refused(other: str) -> None:
    with pytest.raises(ConflictingAnnotations, match=other):
        made_of({"ipamV4Subnet": "172.16.10.0/24"}, RULES, **{other: "true"})


def test_nobody_reads_it_unless_that_is_switched_on() -> None:
    with pytest.raises(ConflictingAnnotations, match="is needed"):
        made_of({"ipamV4Subnet": "172.16.10.0/24"}, Rules())
