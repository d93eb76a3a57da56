"""How soon a refused key is looked at again (4.3)."""

import asyncio

import pytest

from kube_sync.instruments import Instruments
from kube_sync.model.objects import DEFINITION, Key
from kube_sync.model.refusals import NetworkInUse, Refusal, TargetNotFound
from kube_sync.reconcile.looks import Looks
from kube_sync.reconcile.outage import Outage
from kube_sync.reconcile.passes import one_by_one
from kube_sync.reconcile.queue import WorkQueue
from kube_sync.reconcile.waiting import WaitingRoom
from tests.unit.kube_sync.fakes import FakeClock, settle

BLUE = Key(DEFINITION, "default", "blue")


@pytest.mark.parametrize(
    ("why", "hears", "looks"),
    [
        (TargetNotFound("d:p:n", "does not exist"), False, 13),
        (TargetNotFound("d:p:n", "does not exist"), True, 1),
        (NetworkInUse("n", "is used"), False, 1),
    ],
)
async def test_b04_a_missing_target_is_asked_for_often_only_where_nobody_tells_of_it(why: Refusal, hears: bool, looks: int) -> None:
    clock, waiting, looked = FakeClock(), WaitingRoom(), 0
    queue = WorkQueue(clock)

    async def refuse(_: Key) -> None:
        nonlocal looked
        looked += 1
        raise why

    async def tell(_key: Key, _why: Refusal) -> None: ...

    outage = Outage(lambda: asyncio.sleep(0), queue, clock)
    looker = Looks(queue, waiting, outage, {DEFINITION: one_by_one(refuse)}, print, tell, lambda: hears, Instruments(), clock)
    running = asyncio.create_task(looker.run())
    queue.add(BLUE)
    await settle()
    await clock.advance(61)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await queue.stop()

    assert looked == looks
