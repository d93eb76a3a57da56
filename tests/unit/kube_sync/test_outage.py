"""When the configuration API is away (B45): one asks for all, nobody else does, and all go on when it is back."""

import asyncio
from typing import Any

import netweave
from kube_sync.reconcile.worker import Worker
from kube_sync.settings import Settings
from tests.unit.kube_sync.fakes import pod
from tests.unit.kube_sync.worlds import FakeWorld, refused


def away(status: int = 503) -> netweave.Refused:
    return refused(netweave.Unavailable, "away", status=status)


async def test_b45_two_minutes_of_failures_cost_a_question_now_and_then_and_all_converge_soon_after() -> None:
    world = FakeWorld()
    async with world.worker(workers=4) as worker:
        world.config.fault = lambda *_: away()
        world.cluster.put(*(pod(f"web-{at}") for at in range(100)))
        await world.settled()
        await world.clock.advance(90)
        world.config.calls.clear()
        await world.clock.advance(30)
        await world.settled()
        last = world.config.calls.copy()
        failing = worker.failing()
        world.config.fault = lambda *_: None
        for _ in range(20):
            await world.clock.advance(1)
            await world.settled()

    # Nobody's key was tried at all in the last half minute, and none is to blame.
    assert set(last) == {"find"}
    assert last.total() <= 4
    assert failing == []
    assert world.trees() == dict.fromkeys(("virtual-machine", "virtual-machine-interface", "instance-ip"), 100)
    assert set(world.cluster.published.values()) == {1}


async def test_b45_no_answer_at_all_is_an_outage_too() -> None:
    world = FakeWorld()
    async with world.worker():
        world.config.fault = lambda *_: netweave.Unreachable("http://api", "POST", "refused")
        world.cluster.put(pod("web-0"))
        await world.settled()
        await world.clock.advance(120)
        world.config.fault = lambda *_: None
        await world.clock.advance(20)
        await world.settled()

    assert world.cluster.status("web-0")


async def test_an_api_that_asks_to_be_left_alone_is_for_that_long() -> None:
    world = FakeWorld()
    async with world.worker():
        busy = refused(netweave.Refused, "too many", status=429)
        busy.retry_after = 40.0
        world.config.fault = lambda *_: busy
        world.cluster.put(pod("web-0"))
        await world.settled()
        world.config.calls.clear()
        world.config.fault = lambda *_: None
        await world.clock.advance(39)
        await world.settled()
        early = world.config.calls.total()
        await world.clock.advance(10)
        await world.settled()

    assert early == 0
    assert world.cluster.status("web-0")


async def test_once_gives_up_on_an_api_that_goes_away_for_good() -> None:
    world, gone = FakeWorld(), []

    def fault(call: str, about: Any) -> Exception | None:
        if call == "list" and about[0] == "virtual-machine" and "fq_names" in about[1]:
            gone.append(call)
        return away() if gone and not (call == "list" and not about[1]) else None

    world.config.fault = fault
    world.cluster.put(pod("web-0"))
    worker = Worker(world.config, world.cluster, Settings(), world.clock, patience=0)
    converging = asyncio.create_task(worker.converge())
    await world.settled()
    await world.clock.advance(200)

    assert await converging is False
