"""The queue: each key once, never twice at a time, and pauses that grow (4.3)."""

import asyncio

import pytest

from kube_sync.model.objects import Key
from kube_sync.pace import Bucket
from kube_sync.reconcile.queue import LONGEST_PAUSE, WorkQueue
from tests.unit.kube_sync.fakes import FakeClock, settle

WEB, DB = Key("Pod", "default", "web"), Key("Pod", "default", "db")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def queue(clock: FakeClock) -> WorkQueue:
    return WorkQueue(clock, jitter=lambda: 1.0)


async def test_a_key_added_twice_is_taken_once(queue: WorkQueue) -> None:
    for key in (WEB, DB, WEB):
        queue.add(key)

    assert [await queue.take(), await queue.take(), len(queue)] == [[WEB], [DB], 0]


async def test_a_key_added_while_it_is_looked_at_is_taken_again_only_afterwards(queue: WorkQueue) -> None:
    queue.add(WEB)
    await queue.take()
    queue.add(WEB)
    meanwhile = len(queue)
    queue.done(WEB)

    assert (meanwhile, await queue.take()) == (0, [WEB])


async def test_a_taker_waits_for_a_key(queue: WorkQueue) -> None:
    taker = asyncio.create_task(queue.take())
    await settle()
    queue.add(WEB)

    assert await taker == [WEB]


async def test_failures_in_a_row_pause_longer_and_longer(queue: WorkQueue, clock: FakeClock) -> None:
    for _ in range(12):
        queue.retry(WEB)
        await settle()

    assert clock.slept[:4] == [0.25, 0.5, 1.0, 2.0]
    assert clock.slept[-1] == LONGEST_PAUSE
    await queue.stop()


async def test_a_success_makes_the_next_pause_short_again(queue: WorkQueue, clock: FakeClock) -> None:
    queue.retry(WEB)
    queue.retry(WEB)
    queue.forget(WEB)
    queue.retry(WEB)
    await settle()

    assert clock.slept[-1] == 0.25
    await queue.stop()


async def test_a_key_put_off_comes_when_its_time_has_come_or_something_calls_for_it(queue: WorkQueue, clock: FakeClock) -> None:
    queue.put_off(WEB, 60)
    queue.put_off(DB, 60)
    await clock.advance(59)
    queue.add(DB)
    early = [await queue.take(), len(queue)]
    await clock.advance(2)

    assert early == [[DB], 0]
    assert await queue.take() == [WEB]


async def test_settled_means_nothing_to_look_at_and_no_failure_pending(queue: WorkQueue, clock: FakeClock) -> None:
    queue.add(WEB)
    (key,) = await queue.take()
    queue.retry(key)
    queue.done(key)
    settled = asyncio.create_task(queue.until_settled(tries=5))
    await settle()
    before = settled.done()
    await clock.advance(1)
    (key,) = await queue.take()
    queue.forget(key)
    queue.put_off(key, 300)
    queue.done(key)

    assert (before, await settled) == (False, True)
    await queue.stop()


async def test_a_key_that_keeps_failing_is_not_waited_for_for_ever(queue: WorkQueue) -> None:
    queue.add(WEB)
    (key,) = await queue.take()
    for _ in range(3):
        queue.retry(key)
    queue.done(key)

    assert await queue.until_settled(tries=2) is False
    await queue.stop()


async def test_a_bucket_lets_a_burst_through_and_then_a_rate(clock: FakeClock) -> None:
    bucket = Bucket(clock, rate=2, burst=3)

    assert [bucket.wait() for _ in range(5)] == [0, 0, 0, 0.5, 1.0]


async def test_what_a_bucket_refused_does_not_count(clock: FakeClock) -> None:
    bucket = Bucket(clock, rate=1, burst=1)
    first = [bucket.allow() for _ in range(3)]
    await clock.advance(1)

    assert (first, bucket.allow()) == ([True, False, False], True)


async def test_a_stopped_queue_gives_no_more_keys_and_waits_for_those_it_gave(queue: WorkQueue) -> None:
    queue.add(WEB)
    queue.add(DB)
    (key,) = await queue.take()
    stopping = asyncio.create_task(queue.stop())
    taker = asyncio.create_task(queue.take())
    await settle()
    before = stopping.done()
    queue.done(key)
    await stopping
    await settle()

    assert (before, taker.done()) == (False, False)
    taker.cancel()


DEFINITION = Key("NetworkAttachmentDefinition", "default", "blue")


async def test_pods_are_taken_many_at_once_and_what_they_rest_on_before_them(queue: WorkQueue) -> None:
    pods = [Key("Pod", "default", f"web-{at}") for at in range(5)]
    for key in (*pods, DEFINITION):
        queue.add(key)

    assert [await queue.take(3) for _ in range(3)] == [[DEFINITION], pods[:3], pods[3:]]


async def test_a_pod_that_failed_and_may_have_harmed_others_is_taken_alone(queue: WorkQueue, clock: FakeClock) -> None:
    queue.retry(DB, alone=True)
    await clock.advance(1)
    queue.add(WEB)
    first = [await queue.take(9), await queue.take(9) if len(queue) else []]
    for key in (DB, WEB):
        queue.forget(key)
        queue.done(key)
        queue.add(key)

    assert (first, await queue.take(9)) == ([[DB], [WEB]], [DB, WEB])


async def test_a_paused_queue_gives_nothing_and_begins_with_what_failed_meanwhile(queue: WorkQueue) -> None:
    queue.pause()
    queue.retry(WEB)
    queue.put_back(DB)
    taker = asyncio.create_task(queue.take(9))
    await settle()
    before = taker.done()
    queue.resume()

    assert (before, sorted(await taker)) == (False, [DB, WEB])


async def test_a_retry_waits_as_long_as_it_was_asked_to(queue: WorkQueue, clock: FakeClock) -> None:
    queue.retry(WEB, at_least=30)
    await settle()

    assert clock.slept == [30]
    await queue.stop()
