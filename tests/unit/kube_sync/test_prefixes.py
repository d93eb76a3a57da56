"""Prefixes as annotations write them (B05, D13, G1 to G4)."""

import json
from ipaddress import ip_interface, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_sync.model.networks import CIDR
from kube_sync.model.prefixes import LONGEST, GatewayPlace, asked_gateways, prefixes_of, subnets_with
from kube_sync.model.refusals import InvalidCIDR, Refusal
from kube_sync.model.rules import NamespacePolicy, Rules

PREFIXES = st.one_of(
    st.tuples(st.ip_addresses(v=4, network="10.0.0.0/8"), st.integers(8, 29)),
    st.tuples(st.ip_addresses(v=6, network="fd00::/8"), st.integers(8, 125)),
)


@pytest.mark.parametrize("cidr", ["10.1.1.0", "300.1.1.0/24", "10.1.1.0/33", "", "10.1.1.0/30", "fe80::/129"])
def test_b05_what_is_no_prefix_with_room_for_a_pod_is_refused_with_its_text(cidr: str) -> None:
    with pytest.raises(InvalidCIDR, match=CIDR) as why:
        prefixes_of(cidr, CIDR)

    assert json.dumps(cidr) in str(why.value)


@pytest.mark.parametrize(
    "cidr",
    [
        "10.0.0.0/24,10.1.0.0/24",
        "fd00::/64,fd01::/64",
        "10.1.1.0/24,",
        "10.1.1.0/24;fd00::/64",
        "10.1.1.0/255.255.255.0",
        "fe80::1%eth0/64",
        "10.1.1.0/ 24",
        "2001:db8::/126",
        "224.0.0.0/8",
        "127.0.0.0/8",
        "\u0661\u0660.1.1.0/24",
        "ten",
    ],
)
def test_d13_lists_and_garbage_are_answered_and_never_an_exception_of_ours(cidr: str) -> None:
    with pytest.raises(InvalidCIDR):
        prefixes_of(cidr, CIDR)


@given(st.text(alphabet="0123456789abcdef.:/, %", max_size=40))
def test_d13_whatever_is_written_is_a_prefix_or_a_refusal(text: str) -> None:
    try:
        prefixes = prefixes_of(text, CIDR)
    except Refusal:
        return

    assert 1 <= len(prefixes) <= 2
    assert all(prefix.prefixlen <= LONGEST[prefix.version] for prefix in prefixes)


@given(PREFIXES)
def test_g1_any_address_of_a_prefix_stands_for_it(written: tuple[object, int]) -> None:
    text = f"{written[0]}/{written[1]}"

    assert prefixes_of(f" {text} ", CIDR) == (ip_interface(text).network,)


@given(PREFIXES, st.sampled_from(GatewayPlace))
def test_g4_a_gateway_is_a_host_of_its_prefix_and_may_be_asked_for_by_name(written: tuple[object, int], place: GatewayPlace) -> None:
    subnets = subnets_with(prefixes_of(f"{written[0]}/{written[1]}", CIDR), place)
    asked = asked_gateways(str(subnets[0].gateway), subnets, CIDR)

    assert subnets[0].gateway in subnets[0].prefix
    assert subnets[0].gateway not in (subnets[0].prefix[0], subnets[0].prefix[-1])
    assert [subnet.gateway for subnet in asked] == [subnet.gateway for subnet in subnets]


def test_only_a_gateway_that_was_asked_for_moves_the_one_that_is_there() -> None:
    subnets = subnets_with([ip_network("10.1.1.0/24")], GatewayPlace.FIRST)
    asked = asked_gateways("10.1.1.9", subnets, CIDR)

    assert subnets[0].suits(ip_network("10.1.1.0/24"), ip_network("10.1.1.0/24")[-2])
    assert not asked[0].suits(ip_network("10.1.1.0/24"), ip_network("10.1.1.0/24")[-2])
    assert not subnets[0].suits(ip_network("10.1.2.0/24"), subnets[0].gateway)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [(NamespacePolicy.ANY, [True, True, True]), (NamespacePolicy.SAME, [True, False, False]), (NamespacePolicy.LIST, [True, True, False])],
)
def test_b22_the_policy_says_of_which_namespaces_definitions_may_be(policy: NamespacePolicy, expected: list[bool]) -> None:
    rules = Rules(nad_namespaces=policy, shared_namespaces=frozenset({"infra"}))

    assert [rules.lets_select("shop", other) for other in ("shop", "infra", "bank")] == expected
