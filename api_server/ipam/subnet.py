"""A subnet as arithmetic: which of its addresses may be given, in which order, without ever listing them (contract 4.2, 4.3)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import islice, pairwise
from typing import NamedTuple

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Pool(NamedTuple):
    """Addresses from `start` to `end`, both included; one kept for virtual routers is never scanned."""

    start: Address
    end: Address
    for_routers: bool = False

    def covers(self, address: Address) -> bool:
        """Whether the address lies in this pool."""
        return self.start.version == address.version and int(self.start) <= int(address) <= int(self.end)

    def meets(self, other: "Pool") -> bool:
        """Whether the two share an address."""
        return self.covers(other.start) or other.covers(self.start)


class Chunk(NamedTuple):
    """The next addresses in scan order, and the frontier once they are rows."""

    addresses: list[Address]
    frontier: Address


@dataclass(frozen=True)
class Subnet:
    """One subnet of an address space. `pools` are the declared ones, sorted by start; none means all hosts.

    An `alloc_unit` above one gives aligned blocks: a block is known by its lowest address, and is of use only if it lies in one pool
    and holds no reserved address.
    """

    uuid: str
    space: str
    cidr: Network
    gateway: Address | None = None
    service_address: Address | None = None
    pools: tuple[Pool, ...] = ()
    addr_from_start: bool = False
    alloc_unit: int = 1
    position: int = field(default=0, compare=False)

    @property
    def first(self) -> Address:
        """The network address."""
        return self.cidr.network_address

    @property
    def last(self) -> Address:
        """The broadcast address; IPv6 keeps it free as well."""
        return self.cidr.broadcast_address

    @property
    def upward(self) -> bool:
        """Whether addresses are given from the lowest up."""
        return self.addr_from_start

    @property
    def key(self) -> dict[str, str]:
        """What tells this subnet's addresses and free addresses from others'."""
        return {"space": self.space, "subnet": self.uuid}

    @property
    def start(self) -> Address:
        """The frontier before anything was given: the end that is scanned first, itself never given."""
        return self.first if self.addr_from_start else self.last

    @property
    def end(self) -> Address:
        """The frontier once all was scanned: the other end, itself never given."""
        return self.last if self.addr_from_start else self.first

    def contains(self, address: Address) -> bool:
        """Whether the address lies in the prefix, of the same family."""
        return address.version == self.cidr.version and address in self.cidr

    def aligned(self, address: Address) -> bool:
        """Whether the address is the lowest of its block."""
        return int(address) % self.alloc_unit == 0

    def block(self, address: Address) -> Address:
        """The lowest address of the block that `address` lies in."""
        return self._address(int(address) - int(address) % self.alloc_unit)

    @cached_property
    def reserved(self) -> frozenset[Address]:
        """Network, last, gateway and service address: never given, though the gateway may be asked for."""
        ends = {self.first, self.last}
        return frozenset(ends | {address for address in (self.gateway, self.service_address) if address and self.contains(address)})

    @cached_property
    def reserved_blocks(self) -> frozenset[Address]:
        """The blocks that a reserved address makes useless."""
        return frozenset(map(self.block, self.reserved))

    @cached_property
    def ranges(self) -> tuple[tuple[Address, Address], ...]:
        """First and last block of every run of blocks that may be given unasked, ascending; all that the scan walks."""
        pools = self.pools or (Pool(self.first, self.last),)
        runs = (run for pool in pools if not pool.for_routers for run in self._runs(pool))
        return tuple((self._address(low), self._address(high)) for low, high in runs)

    def _runs(self, pool: Pool) -> Iterator[tuple[int, int]]:
        unit = self.alloc_unit
        low = -(-int(pool.start) // unit) * unit
        high = (int(pool.end) + 1) // unit * unit - unit
        for taken in sorted(int(block) for block in self.reserved_blocks):
            if low <= taken <= high:
                if low < taken:
                    yield low, taken - unit
                low = taken + unit
        if low <= high:
            yield low, high

    def gives(self, address: Address) -> bool:
        """Whether the scan ever comes to this address."""
        return self.aligned(address) and any(Pool(*run).covers(address) for run in self.ranges)

    def scanned(self, frontier: Address) -> int:
        """How far the frontier is from where it started."""
        return abs(int(frontier) - int(self.start))

    def chunk(self, frontier: Address, size: int) -> Chunk:
        """The next `size` addresses beyond the frontier; fewer, and the end as frontier, when the subnet has no more."""
        beyond = self._beyond(int(frontier))
        addresses = [self._address(value) for value in islice(beyond, size)]
        more = next(beyond, None) is not None
        return Chunk(addresses, addresses[-1] if more else self.end)

    def _beyond(self, frontier: int) -> Iterator[int]:
        unit = self.alloc_unit
        if self.addr_from_start:
            for low, high in self.ranges:
                # A frontier inside a run is a block of that run, so the step keeps the alignment.
                yield from range(max(int(low), _ceiling(frontier + 1, unit)), int(high) + 1, unit)
        else:
            for low, high in reversed(self.ranges):
                yield from range(min(int(high), _floor(frontier - 1, unit)), int(low) - 1, -unit)

    def reserved_in_pools(self) -> int:
        """How many blocks of the pools the subnet keeps for itself; the pool of all hosts ends before the last address (contract 1.13)."""
        pools = self.pools or (Pool(self.first, self._address(int(self.last) - 1)),)
        kept = {self.block(address) for address in self.reserved if any(pool.covers(address) for pool in pools)}
        return len(kept)

    def _address(self, value: int) -> Address:
        return IPv4Address(value) if self.cidr.version == 4 else IPv6Address(value)


def first_overlap(cidrs: Iterable[Network]) -> tuple[Network, Network] | None:
    """Two of these networks that share addresses, the wider first; sorting puts such two side by side."""
    ordered = sorted(cidrs, key=lambda cidr: (cidr.version, int(cidr.network_address), cidr.prefixlen))
    for wide, narrow in pairwise(ordered):
        if wide.version == narrow.version and int(narrow.network_address) <= int(wide.broadcast_address):
            return wide, narrow
    return None


def read_address(text: object) -> Address | None:
    """The address a text says, or None if it says none (a zone such as `%eth0` is no part of an address here)."""
    try:
        return ip_address(text) if isinstance(text, str) and "%" not in text else None
    except ValueError:
        return None


def read_network(prefix: object, length: object) -> Network | None:
    """The network of a prefix and its length, host bits cleared (contract 2.5), or None if they say none."""
    if not isinstance(prefix, str) or isinstance(length, bool) or not isinstance(length, int):
        return None
    try:
        return ip_network(f"{prefix}/{length}", strict=False)
    except ValueError:
        return None


def _ceiling(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def _floor(value: int, unit: int) -> int:
    return value // unit * unit
