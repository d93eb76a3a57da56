"""A MAC address is one interface's in a network, also while two pods are on their way (B20)."""

import pytest

from kube_sync.model.plan import Interface, Machine
from kube_sync.model.refusals import AddressInUse
from kube_sync.reconcile.macs import Macs

MAC = "02:00:00:00:00:07"


def machine(name: str, mac: str | None = MAC, network: str = "net") -> Machine:
    return Machine(name, (name,), interfaces=(Interface(f"interface-of-{name}", (name,), network, mac),))


class Network:
    """What the configuration API says of every network."""

    def __init__(self, holder: str | None = None) -> None:
        self.found = {MAC: holder} if holder else {}
        self.reads = 0

    async def __call__(self, _: str) -> dict[str, str]:
        self.reads += 1
        return self.found


async def test_a_mac_of_another_interface_is_refused_and_ones_own_is_not() -> None:
    with Macs(Network("interface-of-a")).claiming() as claims:
        await claims.claim(machine("a"))
        with pytest.raises(AddressInUse, match=f"{MAC} is already the MAC address of interface-of-a"):
            await claims.claim(machine("b"))


async def test_of_two_on_their_way_one_gets_it_also_from_another_pass() -> None:
    macs = Macs(Network())

    with macs.claiming() as one, macs.claiming() as other:
        await one.claim(machine("a"))
        for claims in (one, other):
            with pytest.raises(AddressInUse):
                await claims.claim(machine("b"))
    with macs.claiming() as later:
        await later.claim(machine("b"))


async def test_a_network_is_read_once_a_pass_and_only_for_who_asks_for_a_mac() -> None:
    network = Network()

    with Macs(network).claiming() as claims:
        await claims.claim(machine("a", None))
        assert network.reads == 0
        await claims.claim(machine("b"))
        await claims.claim(machine("c", "02:00:00:00:00:08"))

    assert network.reads == 1


async def test_another_network_may_have_the_same_mac() -> None:
    with Macs(Network()).claiming() as claims:
        await claims.claim(machine("a"))
        await claims.claim(machine("b", network="other"))
