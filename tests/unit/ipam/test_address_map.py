"""The map of a subnet and its usage against a list of all its addresses, which only a test can afford."""

from ipaddress import ip_address, ip_network
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from api_server.ipam.address_map import FREE, OUTSIDE, UNUSABLE, Holding, runs
from api_server.ipam.subnet import Pool, Subnet
from api_server.ipam.utilization import usage
from api_server.model.resource import Link

HOLDER = Link("instance-ip", "u", ("ip",))


def at(offset: int) -> int:
    return int(ip_address("10.0.0.0")) + offset


@st.composite
def subnets(draw: st.DrawFn) -> Subnet:
    size = 2 ** draw(st.integers(3, 6))
    cidr = ip_network(f"10.0.0.0/{32 - size.bit_length() + 1}")
    edges = sorted(draw(st.sets(st.integers(0, size - 1), max_size=6)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    pools = tuple(Pool(ip_address(at(low)), ip_address(at(high)), draw(st.booleans())) for low, high in pairs)
    kept = [draw(st.none() | st.integers(1, size - 2).map(lambda value: ip_address(at(value)))) for _ in range(2)]
    return Subnet("s", "n", cidr, kept[0], kept[1], pools, draw(st.booleans()), draw(st.sampled_from([1, 1, 2, 4])))


@st.composite
def holdings(draw: st.DrawFn) -> tuple[Subnet, list[Holding]]:
    known = draw(subnets())
    blocks = sorted({int(known.block(one)) for one in known.cidr} - {int(one) for one in known.reserved_blocks})
    chosen = draw(st.lists(st.sampled_from(blocks), unique=True)) if blocks else []
    return known, [Holding(start, "instance-ip", HOLDER) for start in sorted(chosen)]


@given(holdings())
def test_the_runs_are_the_addresses_of_the_subnet_in_order_each_once(drawn: tuple[Subnet, list[Holding]]) -> None:
    known, held = drawn
    found = list(runs(known, held, int(known.first), int(known.last)))

    assert [one for run in found for one in range(run.start, run.end + 1)] == [int(one) for one in known.cidr]
    assert not any(one.state == other.state in (FREE, OUTSIDE, UNUSABLE) for one, other in pairwise(found))


@given(holdings())
def test_an_address_is_free_exactly_when_it_could_be_given(drawn: tuple[Subnet, list[Holding]]) -> None:
    known, held = drawn
    taken = {one.start for one in held}
    found = {one: run.state for run in runs(known, held, int(known.first), int(known.last)) for one in range(run.start, run.end + 1)}

    for one in known.cidr:
        block = known.block(one)
        assert (found[int(one)] == FREE) == (known.gives(block) and int(block) not in taken and one not in known.reserved)
        assert (found[int(one)] == "instance-ip") == (int(block) in taken)


@given(holdings(), st.data())
def test_a_part_of_the_map_says_what_the_whole_says(drawn: tuple[Subnet, list[Holding]], data: st.DataObject) -> None:
    known, held = drawn
    low, high = sorted(data.draw(st.integers(int(known.first), int(known.last))) for _ in range(2))
    whole = {one: run.state for run in runs(known, held, int(known.first), int(known.last)) for one in range(run.start, run.end + 1)}
    part = {one: run.state for run in runs(known, held, low, high) for one in range(run.start, run.end + 1)}

    assert part == {one: whole[one] for one in range(low, high + 1)}


@given(holdings())
def test_the_usage_counts_what_the_map_shows(drawn: tuple[Subnet, list[Holding]]) -> None:
    known, held = drawn
    states = [(one, run.state) for run in runs(known, held, int(known.first), int(known.last)) for one in range(run.start, run.end + 1)]
    pooled = [one.start for one in held if any(int(pool.start) <= one.start <= int(pool.end) for pool in known.pools)]
    service = known.service_address
    kept = service is not None and service != known.gateway and any(pool.covers(known.block(service)) for pool in known.pools)

    found = usage(known, len(held), 0, len(pooled) + kept)

    assert found.used == sum(state == "instance-ip" for _, state in states)
    assert found.total == found.used - found.outside + found.reserved + found.free
    if known.alloc_unit == 1:
        assert found.free == sum(state in (FREE, "for-routers") for _, state in states)
        assert found.outside == (len(held) - len(pooled) if known.pools else 0)


def test_a_64_of_ipv6_costs_no_more_than_a_24() -> None:
    known = Subnet("s", "n", ip_network("2001:db8::/64"), ip_address("2001:db8::1"), ip_address("2001:db8::2"), addr_from_start=True)
    held = [Holding(int(ip_address("2001:db8::3")), "instance-ip", HOLDER)]

    assert [run.state for run in runs(known, held, int(known.first), int(known.last))] == [
        "network",
        "gateway",
        "service",
        "instance-ip",
        FREE,
        "broadcast",
    ]
    assert usage(known, 1, 0, 0) == (2**64, 1, 4, 2**64 - 5, 0)
