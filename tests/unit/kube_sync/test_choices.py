"""What a pod's networks amount to: interfaces, addresses, and a list that survives (4.1, S8)."""

import json

import pytest

from kube_sync.model.attachments import Attachment
from kube_sync.model.choices import CHOICES, Choice, chosen, families, frozen, machine_of, thawed
from kube_sync.model.names import Names
from kube_sync.model.networks import IpNetwork
from kube_sync.model.refusals import InvalidAnnotation
from tests.unit.kube_sync.fakes import RANGES, pod

NAMES = Names("k8s")
DEFAULT = Choice(NAMES.default_reference, "default-uuid", ("v4",))


def network(*prefixes: str, flat: bool = False) -> dict[str, object]:
    subnets = [{"subnet": {"ip_prefix": prefix.split("/")[0], "ip_prefix_len": int(prefix.split("/")[1])}} for prefix in prefixes]
    entries = [*subnets, *([{"subnet_uuid": "of-the-flat-ipam"}] if flat else [])]
    return {"uuid": "net", "network_ipam_refs": [{"to": ["d", "p", "i"], "attr": {"ipam_subnets": entries}}]}


def choice(attachment: Attachment, *prefixes: str, flat: bool = False) -> Choice:
    return chosen(attachment.reference, network(*prefixes, flat=flat), attachment)


def test_the_list_comes_back_as_it_was() -> None:
    choices = (DEFAULT, choice(Attachment("ns", "a", "eth5", ("10.1.1.7",), "02:00:00:00:00:07", ()), "10.1.1.0/24"), Choice("ns/other"))

    assert thawed(frozen(choices)) == choices


def test_a_dual_stack_network_gives_an_address_of_each_family() -> None:
    interface = machine_of(pod(), (DEFAULT, choice(Attachment("ns", "a"), "10.1.1.0/24", "2001:db8::/64")), NAMES).interfaces[1]

    assert [(address.family, address.ip) for address in interface.addresses] == [("v4", None), ("v6", None)]


def test_addresses_that_were_asked_for_are_all_that_is_given() -> None:
    attachment = Attachment("ns", "a", ips=("10.1.1.7", "10.1.1.8"))
    interface = machine_of(pod(), (DEFAULT, choice(attachment, "10.1.1.0/24", "2001:db8::/64")), NAMES).interfaces[1]

    assert [(address.family, address.ip) for address in interface.addresses] == [("v4", "10.1.1.7"), ("v4", "10.1.1.8")]
    assert len({address.uuid for address in interface.addresses}) == 2


def test_an_address_has_the_same_uuid_whether_drawn_or_asked_for() -> None:
    drawn, asked = (
        machine_of(pod(), (DEFAULT, choice(Attachment("ns", "a", ips=ips), "10.1.1.0/24")), NAMES).interfaces[1].addresses[0].uuid
        for ips in ((), ("10.1.1.7",))
    )

    assert drawn == asked


def test_an_address_outside_every_subnet_is_refused_with_the_subnets() -> None:
    with pytest.raises(InvalidAnnotation, match=r"10.7.7.7, only 10.1.1.0/24"):
        choice(Attachment("ns", "a", ips=("10.7.7.7",)), "10.1.1.0/24")


def test_a_flat_network_decides_itself_whether_an_address_is_inside() -> None:
    assert choice(Attachment("ns", "a", ips=("10.7.7.7",)), flat=True).ips == ("10.7.7.7",)


@pytest.mark.parametrize(
    ("subnets", "flat", "expected"),
    [(RANGES, True, ("v4",)), ((), True, ("",)), ((), False, ())],
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
