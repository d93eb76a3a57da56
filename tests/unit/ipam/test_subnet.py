"""Subnet arithmetic, against the plain listing of every address where a subnet is small enough to list."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_server.ipam.subnet import Address, Pool, Subnet, first_overlap, read_address, read_network


def subnet(cidr: str, *pools: tuple[str, str], upward: bool = False, unit: int = 1, dns: bool = True) -> Subnet:
    """A subnet with the default gateway and service address of contract 4.2."""
    network = ip_network(cidr)
    gateway, service = (network[1], network[2]) if upward else (network[-2], network[-3])
    ranges = tuple(sorted(Pool(ip_address(start), ip_address(end)) for start, end in pools))
    return Subnet("u", "s", network, gateway, service if dns else None, ranges, upward, unit)


def walk(one: Subnet, limit: int = 10_000, size: int = 64) -> list[Address]:
    """All that the chunks give, from the start to the end."""
    given_out: list[Address] = []
    frontier = one.start
    while frontier != one.end and len(given_out) < limit:
        chunk = one.chunk(frontier, size)
        given_out += chunk.addresses
        frontier = chunk.frontier
    return given_out


def listed(one: Subnet) -> list[Address]:
    """The same by brute force: every aligned block inside one pool that holds no reserved address."""
    unit, pools = one.alloc_unit, one.pools or (Pool(one.first, one.last),)
    found = []
    for base in range(int(one.first), int(one.last) + 1):
        block = [ip_address(int(one.first)) + (base - int(one.first) + step) for step in range(unit) if base + step <= int(one.last)]
        whole = len(block) == unit and any(pool.covers(block[0]) and pool.covers(block[-1]) for pool in pools)
        if base % unit == 0 and whole and not one.reserved.intersection(block):
            found.append(block[0])
    return found if one.addr_from_start else found[::-1]


@st.composite
def small_subnets(draw: st.DrawFn) -> Subnet:
    """Subnets of up to 64 addresses of both families, with pools, directions, units and odd gateways."""
    prefix = draw(st.integers(2, 6))
    network = ip_network(draw(st.sampled_from([f"10.1.2.64/{32 - prefix}", f"2001:db8::40/{128 - prefix}"])), strict=False)
    every: list[Address] = list(network)
    hosts = st.sampled_from(every)
    cuts = sorted(draw(st.lists(hosts, max_size=6, unique=True)))
    pools = tuple(Pool(one, two) for one, two in zip(cuts[::2], cuts[1::2], strict=False))
    return Subnet(
        "u",
        "s",
        network,
        draw(st.none() | st.sampled_from(every[1:-1])),
        draw(st.none() | hosts),
        pools,
        draw(st.booleans()),
        draw(st.sampled_from([1, 2, 4, 8])),
    )


@given(small_subnets(), st.integers(1, 9))
def test_chunks_give_exactly_what_listing_gives_in_scan_order(one: Subnet, size: int) -> None:
    assert walk(one, size=size) == listed(one)


@given(small_subnets())
def test_gives_says_yes_to_what_the_chunks_give_and_to_nothing_else(one: Subnet) -> None:
    assert {address for address in one.cidr if one.gives(address)} == set(listed(one))


@given(small_subnets(), st.integers(1, 5))
def test_the_last_chunk_says_that_it_is_the_last(one: Subnet, size: int) -> None:
    frontier, chunks = one.start, 0
    while frontier != one.end:
        frontier = one.chunk(frontier, size).frontier
        chunks += 1

    assert chunks == max(1, -(-len(listed(one)) // size))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (subnet("10.1.1.0/24"), ["10.1.1.252", "10.1.1.251"]),
        (subnet("10.1.1.0/24", upward=True), ["10.1.1.3", "10.1.1.4"]),
        (subnet("10.1.1.0/24", unit=4), ["10.1.1.248", "10.1.1.244"]),
        (subnet("10.1.1.0/24", ("10.1.1.10", "10.1.1.20")), ["10.1.1.20", "10.1.1.19"]),
        (subnet("10.0.0.0/8"), ["10.255.255.252", "10.255.255.251"]),
        (subnet("2001:db8::/64"), ["2001:db8::ffff:ffff:ffff:fffc", "2001:db8::ffff:ffff:ffff:fffb"]),
        (subnet("2001:db8::/64", upward=True), ["2001:db8::3", "2001:db8::4"]),
    ],
    ids=["top down", "from the start", "blocks of four", "pool", "a /8", "a v6 /64", "a v6 /64 from the start"],
)
def test_first_addresses_are_those_of_contract_4_3(one: Subnet, expected: list[str]) -> None:
    assert [str(address) for address in one.chunk(one.start, 2).addresses] == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (subnet("10.1.1.0/29"), ["10.1.1.4", "10.1.1.3", "10.1.1.2", "10.1.1.1"]),
        (subnet("10.1.1.0/29", upward=True), ["10.1.1.3", "10.1.1.4", "10.1.1.5", "10.1.1.6"]),
        (subnet("10.1.1.0/30"), []),
        (subnet("2001:db8::/126"), []),
        (subnet("2001:db8::/125", upward=True), ["2001:db8::3", "2001:db8::4", "2001:db8::5", "2001:db8::6"]),
        (subnet("10.1.1.0/28", ("10.1.1.1", "10.1.1.2"), ("10.1.1.5", "10.1.1.6")), ["10.1.1.6", "10.1.1.5", "10.1.1.2", "10.1.1.1"]),
    ],
    ids=["/29", "/29 from the start", "/30", "/126", "/125 from the start", "two pools"],
)
def test_small_subnets_give_what_contract_4_2_says(one: Subnet, expected: list[str]) -> None:
    assert [str(address) for address in walk(one)] == expected


def test_a_pool_for_virtual_routers_is_never_scanned() -> None:
    pools = (Pool(ip_address("10.0.0.10"), ip_address("10.0.0.12"), True), Pool(ip_address("10.0.0.20"), ip_address("10.0.0.21")))
    one = Subnet("u", "s", ip_network("10.0.0.0/24"), None, None, pools)

    assert [str(address) for address in walk(one)] == ["10.0.0.21", "10.0.0.20"]


def test_a_far_end_of_a_v6_64_is_reached_by_arithmetic() -> None:
    one = subnet("2001:db8::/64", upward=True)

    chunk = one.chunk(ip_address("2001:db8::ffff:ffff:ffff:fff0"), 64)

    assert (str(chunk.addresses[-1]), chunk.frontier) == ("2001:db8::ffff:ffff:ffff:fffe", one.end)


@pytest.mark.parametrize(
    ("one", "count"),
    [
        (subnet("10.1.1.0/24"), 3),
        (subnet("10.1.1.0/24", upward=True), 3),
        (subnet("10.1.1.0/24", dns=False), 2),
        (subnet("10.1.1.0/24", ("10.1.1.10", "10.1.1.20")), 0),
        (subnet("10.1.1.0/24", ("10.1.1.250", "10.1.1.255")), 3),
    ],
    ids=["default", "from the start", "no service address", "pool in the middle", "pool at the end"],
)
def test_reserved_addresses_are_counted_where_they_lie_in_pools(one: Subnet, count: int) -> None:
    assert one.reserved_in_pools() == count


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(4, 8)), max_size=6))
def test_overlap_is_found_exactly_when_two_networks_share_an_address(parts: list[tuple[int, int]]) -> None:
    networks = [ip_network(f"10.0.0.{number}/{24 + bits}", strict=False) for number, bits in parts]
    found = first_overlap(networks)
    pairs = [(one, two) for index, one in enumerate(networks) for two in networks[index + 1 :] if one.overlaps(two)]

    assert (found is None) == (not pairs)
    assert found is None or found[0].overlaps(found[1])


def test_overlap_never_crosses_families() -> None:
    assert first_overlap([ip_network("0.0.0.0/1"), ip_network("::/1")]) is None


def test_reading_clears_host_bits_and_refuses_what_is_no_address() -> None:
    assert str(read_network("10.0.0.7", 24)) == "10.0.0.0/24"
    assert read_network("10.0.0.7", 33) is read_network("ten", 8) is read_network(None, 8) is read_network("10.0.0.0", None) is None
    assert read_address("10.0.0.256") is read_address(None) is read_address("fe80::1%eth0") is None


@given(st.lists(st.integers(min_value=0, max_value=40), min_size=4, max_size=4))
def test_pools_meet_where_they_share_an_address(ends: list[int]) -> None:
    (a, b), (c, d) = sorted(ends[:2]), sorted(ends[2:])
    base = ip_address("10.0.0.0")
    one, other = Pool(base + a, base + b), Pool(base + c, base + d)

    assert one.meets(other) == other.meets(one) == bool({*range(a, b + 1)} & {*range(c, d + 1)})
