"""Which interface of a network has a MAC address, those included that are about to be made (B20)."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

from kube_sync.model.plan import Interface, Machine
from kube_sync.model.refusals import AddressInUse

Claim = tuple[str, str]  # network, MAC


class Macs:
    """The configuration API keeps no two interfaces of a network from having one MAC: whoever makes them must see to it."""

    def __init__(self, read: Callable[[str], Awaitable[Mapping[str, str]]]) -> None:
        self._read = read  # the MACs of a network's interfaces, with the uuid of each
        self._taken: dict[Claim, str] = {}

    @contextmanager
    def claiming(self) -> Iterator["Claims"]:
        """What is claimed meanwhile is nobody else's; afterwards, it can be read."""
        claims = Claims(self._read, self._taken)
        try:
            yield claims
        finally:
            claims.release()


class Claims:
    """The MAC addresses that one pass is about to use; a network is read once."""

    def __init__(self, read: Callable[[str], Awaitable[Mapping[str, str]]], taken: dict[Claim, str]) -> None:
        self._read = read
        self._taken = taken
        self._mine: set[Claim] = set()
        self._found: dict[str, Mapping[str, str]] = {}

    async def claim(self, machine: Machine) -> None:
        """All that the machine's interfaces ask for, or a Refusal."""
        for interface in machine.interfaces:
            if interface.mac:
                await self._claim(interface, (interface.network, interface.mac))

    def release(self) -> None:
        """Claim nothing any more."""
        for claim in self._mine:
            del self._taken[claim]
        self._mine.clear()

    async def _claim(self, interface: Interface, claim: Claim) -> None:
        network, mac = claim
        if claim not in self._taken:
            self._taken[claim] = interface.uuid
            self._mine.add(claim)
        holder = self._taken[claim]
        if holder == interface.uuid:
            if network not in self._found:
                self._found[network] = await self._read(network)
            holder = self._found[network].get(mac, interface.uuid)
        if holder != interface.uuid:
            raise AddressInUse(mac, f"is already the MAC address of {holder}", networks=[network])
