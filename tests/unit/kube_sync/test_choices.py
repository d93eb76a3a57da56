"""What a pod's networks amount to: interfaces, addresses, and a list that survives (4.1, S8)."""

import json
from ipaddress import ip_network
from typing import Any

import pytest

from kube_sync.model.attachments import Attachment
from kube_sync.model.choices import DEFAULT_ROUTE, Choice, check_apart, chosen, families, frozen, machine_of, thawed
from kube_sync.model.names import CHOICES, Names
from kube_sync.model.prefixes import IpNetwork
from kube_sync.model.refusals import InvalidAnnotation
from tests.unit.kube_sync.fakes import RULES, pod

NAMES = Names("k8s")
DEFAULT = Choice(NAMES.default_reference, "default-uuid", ("v4",))


def network(*prefixes: str, flat: bool = False) -> dict[str, object]:
    subnets = [
        {
            "subnet": {"ip_prefix": str(prefix.network_address), "ip_prefix_len": prefix.prefixlen},
            "default_gateway": str(prefix[-2]),
            "dns_server_address": str(prefix[-3]),
        }
        for prefix in map(ip_network, prefixes)
    ]
    entries = [*subnets, *([{"subnet_uuid": "of-the-flat-ipam"}] if flat else [])]
    return {"uuid": "net", "network_ipam_refs": [{"to": ["d", "p", "i"], "attr": {"ipam_subnets": entries}}]}


def choice(attachment: Attachment, *prefixes: str, flat: bool = False) -> Choice:
    return chosen(2, attachment, network(*prefixes, flat=flat))


def test_the_list_comes_back_as_it_was() -> None:
    choices = (DEFAULT, choice(Attachment("ns", "a", "eth5", ("10.1.1.7",), "02:00:00:00:00:07", ()), "10.1.1.0/24"), Choice("ns/other"))

    assert thawed(frozen(choices)) == choices


def test_a_dual_stack_network_gives_an_address_of_each_family() -> None:
    interface = machine_of(pod(), (DEFAULT, choice(Attachment("ns", "a"), "10.1.1.0/24", "2001:db8::/64")), NAMES).interfaces[1]

    assert [(address.family, address.ip) for address in interface.addresses] == [("v4", None), ("v6", None)]


@pytest.mark.parametrize(
    ("ips", "expected"),
    [
        (("10.1.1.7", "10.1.1.8"), [("v4", "10.1.1.7"), ("v4", "10.1.1.8"), ("v6", None)]),
        (("2001:db8::7",), [("v6", "2001:db8::7"), ("v4", None)]),
        (("10.1.1.7", "2001:db8::7"), [("v4", "10.1.1.7"), ("v6", "2001:db8::7")]),
    ],
)
def test_asking_for_addresses_of_one_family_leaves_the_other_as_it_would_be(ips: tuple[str, ...], expected: list[Any]) -> None:
    attachment = Attachment("ns", "a", ips=ips)
    interface = machine_of(pod(), (DEFAULT, choice(attachment, "10.1.1.0/24", "2001:db8::/64")), NAMES).interfaces[1]

    assert [(address.family, address.ip) for address in interface.addresses] == expected
    assert len({address.uuid for address in interface.addresses}) == len(expected)


def test_an_address_asked_for_in_a_flat_network_is_all_that_it_gives() -> None:
    interface = machine_of(pod(), (DEFAULT, choice(Attachment("ns", "a", ips=("10.7.7.7",)), flat=True)), NAMES).interfaces[1]

    assert [(address.family, address.ip) for address in interface.addresses] == [("v4", "10.7.7.7")]


def test_an_address_has_the_same_uuid_whether_drawn_or_asked_for() -> None:
    drawn, asked = (
        machine_of(pod(), (DEFAULT, choice(Attachment("ns", "a", ips=ips), "10.1.1.0/24")), NAMES).interfaces[1].addresses[0].uuid
        for ips in ((), ("10.1.1.7",))
    )

    assert drawn == asked


def test_an_address_outside_every_subnet_is_refused_with_the_subnets() -> None:
    with pytest.raises(InvalidAnnotation, match=r'element 2: ips "10.7.7.7" is in no subnet of ns/a, which has 10.1.1.0/24'):
        choice(Attachment("ns", "a", ips=("10.7.7.7",)), "10.1.1.0/24")


@pytest.mark.parametrize(
    ("ip", "what"),
    [
        ("10.1.1.0", "network address"),
        ("10.1.1.253", "service address"),
        ("10.1.1.254", "gateway"),
        ("10.1.1.255", "last address"),
        ("2001:db8::", "network address"),
    ],
)
def test_an_address_that_the_network_keeps_is_refused_and_not_waited_for(ip: str, what: str) -> None:
    with pytest.raises(InvalidAnnotation, match=f"is the {what} of ns/a"):
        choice(Attachment("ns", "a", ips=(ip,)), "10.1.1.0/24", "2001:db8::/64")


def test_a_gateway_must_be_of_a_family_that_the_network_has() -> None:
    with pytest.raises(InvalidAnnotation, match='element 2: default-route "2001:db8::1" is of a family that ns/a does not have'):
        choice(Attachment("ns", "a", default_route=("10.1.1.254", "2001:db8::1")), "10.1.1.0/24")


def test_the_interface_with_the_default_route_says_so_and_no_other_does() -> None:
    choices = DEFAULT, choice(Attachment("ns", "a", default_route=()), "10.1.1.0/24"), choice(Attachment("ns", "b"), "10.1.2.0/24")

    assert [interface.marks.get(DEFAULT_ROUTE) for interface in machine_of(pod(), choices, NAMES).interfaces] == [None, "true", None]


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (Attachment("ns", "a", ips=("10.1.1.7",)), Attachment("ns", "b", ips=("10.1.1.7",)), 'element 2: ips "10.1.1.7" is already'),
        (Attachment("ns", "a", mac="02:00:00:00:00:07"), Attachment("ns", "b", mac="02:00:00:00:00:07"), "element 2: mac"),
        (Attachment("ns", "a", "eth2"), Attachment("ns", "b"), 'interface "eth2" is already that of element 1'),
    ],
)
def test_what_two_interfaces_cannot_share_is_not_asked_for_twice_in_one_network(one: Attachment, other: Attachment, told: str) -> None:
    with pytest.raises(InvalidAnnotation, match=told):
        check_apart((DEFAULT, choice(one, "10.1.1.0/24"), choice(other, "10.1.1.0/24")))


def test_two_networks_may_have_the_same_address_and_mac() -> None:
    attachment = Attachment("ns", "a", ips=("10.1.1.7",), mac="02:00:00:00:00:07")
    elsewhere = Choice("ns/b", "another-net", ("v4",), attachment)

    check_apart((DEFAULT, choice(attachment, "10.1.1.0/24"), elsewhere))


def test_a_flat_network_decides_itself_whether_an_address_is_inside() -> None:
    assert choice(Attachment("ns", "a", ips=("10.7.7.7",)), flat=True).ips == ("10.7.7.7",)


@pytest.mark.parametrize(
    ("subnets", "flat", "expected"),
    [(RULES.pod_subnets, True, ("v4",)), ((), True, ("",)), ((), False, ())],
    ids=["its own prefixes decide", "a flat IPAM gives what it has", "a network without subnets gives nothing"],
)
def test_families_are_those_of_the_subnets(subnets: tuple[IpNetwork, ...], flat: bool, expected: tuple[str, ...]) -> None:
    assert families(subnets, flat=flat) == expected


def test_networks_of_other_plug_ins_are_kept_in_the_list_and_not_counted() -> None:
    foreign = Choice("ns/macvlan", attachment=Attachment("ns", "macvlan"))
    machine = machine_of(pod(), (DEFAULT, foreign, choice(Attachment("ns", "a"), "10.1.1.0/24")), NAMES)

    assert [interface.marks["index"] for interface in machine.interfaces] == ["0/2", "1/2"]
    assert [entry["reference"] for entry in json.loads(machine.marks[CHOICES])] == [NAMES.default_reference, "ns/macvlan", "ns/a"]


def test_what_the_cni_plugin_reads_holds_nothing_that_it_would_break_on() -> None:
    attachment = Attachment("ns", "a", "eth5", ("2001:db8::7",), "02:00:00:00:00:07")
    machine = machine_of(pod(), (DEFAULT, choice(attachment, "2001:db8::/64")), NAMES)

    assert machine.interfaces[1].marks["interface"] == "eth5"
    assert [interface.marks["network"] for interface in machine.interfaces] == ["default", "a"]
    assert not [value for interface in machine.interfaces for value in interface.marks.values() if set(value) & set(':"\\{}')]
