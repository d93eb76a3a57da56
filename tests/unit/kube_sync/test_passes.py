"""Many pods in one pass: few calls, nothing when in step, and nobody harmed by a neighbour (B18, B43, B44, D9, D10, D12, D15)."""

from typing import Any

import pytest
from structlog.testing import capture_logs

import netweave
from kube_sync.model.names import CHOICES
from kube_sync.model.objects import POD, Key
from kube_sync.reconcile import looks
from kube_sync.reconcile.changes import MOST
from tests.unit.kube_sync.fakes import pod
from tests.unit.kube_sync.worlds import FakeWorld, refused

MACHINE, INTERFACE, ADDRESS = "virtual-machine", "virtual-machine-interface", "instance-ip"


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


def several(count: int, **fields: Any) -> list[Any]:
    return [pod(f"web-{at}", **fields) for at in range(count)]


async def test_b43_many_new_pods_cost_a_fraction_of_a_call_each_and_one_status(world: FakeWorld) -> None:
    async with world.worker(workers=1):
        world.config.calls.clear()
        world.cluster.put(*several(300))
        await world.settled()

    assert world.trees() == dict.fromkeys((MACHINE, INTERFACE, ADDRESS), 300)
    assert set(world.cluster.published.values()) == {1}
    assert world.config.calls.total() < 50
    assert world.config.biggest <= MOST


async def test_b43_one_new_pod_costs_four_calls_to_read_and_one_to_write(world: FakeWorld) -> None:
    async with world.worker():
        world.cluster.put(pod("first"))
        await world.settled()
        world.config.calls.clear()
        world.cluster.put(pod("second"))
        await world.settled()

    # Its machine and its networks; the node's router is known, the project too.
    assert dict(world.config.calls) == {"list": 2, "bulk": 1}


async def test_b44_pods_in_step_cost_three_reads_for_many_and_no_write(world: FakeWorld) -> None:
    world.cluster.put(*several(300))
    async with world.worker():
        pass
    before = {key: found.status for key, found in world.cluster.pods.items()}
    world.cluster.published.clear()
    world.config.calls.clear()
    world.config.selected.clear()

    async with world.worker(workers=1):
        pass

    passes = -(-300 // looks.MOST)
    assert world.config.calls["bulk"] + world.config.calls["create"] == 0
    # And one read of machines at the start, for the name of the cluster.
    assert [world.config.selected[kind] for kind in (MACHINE, INTERFACE, ADDRESS)] == [passes + 1, passes, passes]
    assert not world.cluster.published
    assert {key: found.status for key, found in world.cluster.pods.items()} == before


def poisoned(answers: Any) -> Any:
    """A fault of the one machine that is called web-7."""

    def fault(call: str, about: Any) -> Exception | None:
        return answers() if call == "bulk" and "__web-7'" in str(about) else None

    return fault


async def failing_of_twenty(world: FakeWorld) -> list[Key]:
    async with world.worker(workers=1) as worker:
        world.cluster.put(*several(20))
        await world.settled()
        await world.clock.advance(30)
        await world.settled()
        return worker.failing()


POISON = {
    "refused": lambda: refused(netweave.BadRequest, status=400),
    "too large": lambda: refused(netweave.TooLarge, status=413),
    "breaks the server": lambda: refused(netweave.ServerError, status=500),
    "breaks the client": lambda: KeyError("nobody expected this"),
}


@pytest.mark.parametrize("kind", POISON)
async def test_b18_one_poisonous_pod_harms_none_of_its_neighbours(world: FakeWorld, kind: str) -> None:
    world.config.fault = poisoned(POISON[kind])

    with capture_logs():
        failing = await failing_of_twenty(world)

    assert world.trees()[MACHINE] == 19
    assert len(world.cluster.published) == 19
    assert failing == [Key(POD, "default", "web-7")]


async def test_b18_a_machine_that_cannot_be_read_harms_none_of_its_neighbours(world: FakeWorld) -> None:
    world.cluster.put(*several(20))
    async with world.worker():
        pass
    rows = list(world.config.of(MACHINE).values())
    rows[7]["annotations"]["key_value_pair"] = [
        pair | ({"value": "{"} if pair["key"] == CHOICES else {}) for pair in rows[7]["annotations"]["key_value_pair"]
    ]
    world.config.of(ADDRESS).clear()

    async with world.worker(workers=1):
        pass

    assert len(world.config.of(ADDRESS)) == 19


async def test_b37_what_was_done_without_an_answer_is_found_done_and_made_once(world: FakeWorld) -> None:
    lost = iter([netweave.Unreachable("http://api", "POST", "the answer was lost")])
    world.config.lost = lambda *_: next(lost, None)

    async with world.worker():
        world.cluster.put(*several(10))
        await world.settled()
        await world.clock.advance(5)
        await world.settled()

    assert world.trees() == dict.fromkeys((MACHINE, INTERFACE, ADDRESS), 10)
    assert set(world.cluster.published.values()) == {1}


async def test_b38_two_workers_at_once_make_everything_once(world: FakeWorld) -> None:
    async with world.worker(), world.worker():
        world.cluster.put(*several(100))
        await world.settled()
        for _ in range(5):
            await world.clock.advance(2)
            await world.settled()

    assert world.trees() == dict.fromkeys((MACHINE, INTERFACE, ADDRESS), 100)
    assert len({row["instance_ip_address"] for row in world.config.of(ADDRESS).values()}) == 100
    assert len(world.cluster.published) == 100


async def test_b39_the_first_refusal_of_a_full_network_answers_all_who_would_have_come_later(world: FakeWorld) -> None:
    world.config.capacity[world.default_network] = 4

    async with world.worker(workers=1):
        world.config.calls.clear()
        world.cluster.put(*several(10))
        await world.settled()
        first = world.config.calls.copy()
        for _ in range(10):
            await world.clock.advance(60)
            await world.settled()
        minutes = world.config.calls - first
        complete = [key for key in world.cluster.pods if world.cluster.pods[key].status]
        world.cluster.remove(complete[0])
        await world.settled()

    assert first["bulk"] == 2
    assert world.trees() == dict.fromkeys((MACHINE, INTERFACE, ADDRESS), 4)
    # Six pods waited for ten minutes, and none of them cost more than a call a minute; the lists are sweeps.
    assert minutes["bulk"] <= 60
    assert minutes.keys() <= {"bulk", "list"}
    assert minutes["list"] <= 6
    assert len([each for each in world.cluster.told if each.reason == "SubnetExhausted"]) >= 6
    assert len([found for found in world.cluster.pods.values() if found.status]) == 4


async def test_b27_a_namesake_goes_before_its_successor_comes_even_if_that_must_wait(world: FakeWorld) -> None:
    world.config.capacity[world.default_network] = 1
    async with world.worker():
        world.cluster.put(pod("web-0", uid="old"))
        await world.settled()
        world.cluster.put(pod("web-0", uid="new", version="2", selection="missing"))
        await world.settled()
        waiting = world.trees()
        world.cluster.put(pod("web-0", uid="newer", version="3"))
        await world.settled()

    assert waiting == dict.fromkeys((MACHINE, INTERFACE, ADDRESS), 0)
    assert [row["uuid"] for row in world.config.of(MACHINE).values()] == [world.names.machine_uuid("newer")]


async def test_d15_a_tree_that_somebody_cut_down_in_part_goes_all_the_same(world: FakeWorld) -> None:
    async with world.worker():
        world.cluster.put(*several(3))
        await world.settled()
        world.config.of(ADDRESS).clear()
        world.config.of(INTERFACE).popitem()
        world.cluster.remove(*list(world.cluster.pods))
        await world.settled()

    assert world.trees() == dict.fromkeys((MACHINE, INTERFACE, ADDRESS), 0)


async def test_d12_the_same_pod_gets_the_same_uuids_whoever_makes_it(world: FakeWorld) -> None:
    uuids = []
    for _ in range(2):
        one = FakeWorld()
        async with one.worker():
            one.cluster.put(pod("web-0"))
            await one.settled()
        uuids.append([list(one.config.of(kind)) for kind in (MACHINE, INTERFACE, ADDRESS)])

    assert uuids[0] == uuids[1]


async def test_what_is_not_ours_on_a_pods_interface_stays_there_and_goes_its_own_way(world: FakeWorld) -> None:
    async with world.worker():
        world.cluster.put(pod("web-0"))
        await world.settled()
        (interface,) = world.config.of(INTERFACE)
        foreign = {"uuid": "f", "fq_name": ["theirs"], "virtual_network_refs": [{"uuid": world.default_network}]}
        world.config.of(ADDRESS)["f"] = foreign | {
            "virtual_machine_interface_refs": [{"uuid": interface}],
            "instance_ip_address": "10.9.9.9",
        }
        world.cluster.put(pod("web-0", version="2", selection="edited"))
        await world.settled()

    assert "f" in world.config.of(ADDRESS)
    assert world.config.calls["bulk"] == 1
