"""What waits between the reader of the stream and one watcher: bounded, in order, and never waited for longer than asked."""

import asyncio
from typing import Any, cast

import pytest

from api_server.watch.watcher import Batch, Event, FellBehind, Watcher


def event(position: int, kind: str = "project") -> Event:
    return Event(cast(Any, {"position": position, "kind": kind}), None)


def positions(batch: Batch | None) -> list[int]:
    assert batch is not None
    return [each.row["position"] for each in batch.events]


async def test_a_watcher_gets_its_kinds_in_order_and_how_far_all_has_been_told() -> None:
    watcher = Watcher({"project": True}, 10, 4)
    watcher.put([event(5), event(6, "domain"), event(7)], 8)

    batch = await watcher.take(60)

    assert positions(batch) == [5, 7]
    assert batch is not None
    assert (batch.position, batch.live, batch.quiet) == (8, True, False)


async def test_it_waits_until_something_comes() -> None:
    watcher = Watcher({"project": True}, 10, 0)
    waiting = asyncio.create_task(watcher.take(60))
    watcher.put([event(1, "domain")], 1)
    await asyncio.sleep(0)
    assert not waiting.done()
    watcher.put([event(2)], 2)

    assert positions(await waiting) == [2]


async def test_a_quiet_while_is_told_with_how_far_all_has_been_told() -> None:
    watcher = Watcher({"project": True}, 10, 0)
    watcher.put([event(3, "domain")], 3)

    batch = await watcher.take(0)

    assert batch is not None
    assert (batch, batch.quiet) == (Batch([], 3, live=True), True)


async def test_a_reader_that_lets_too_much_wait_loses_all_of_it() -> None:
    watcher = Watcher({"project": True}, 3, 0)
    watcher.put([event(1), event(2), event(3)], 3)
    watcher.put([event(4)], 4)
    watcher.put([event(5)], 5)

    with pytest.raises(FellBehind):
        await watcher.take(60)
    with pytest.raises(FellBehind):
        await watcher.take(0)


async def test_what_other_kinds_have_does_not_count() -> None:
    watcher = Watcher({"project": True}, 1, 0)
    watcher.put([event(number, "domain") for number in range(1, 100)], 99)
    watcher.put([event(100)], 100)

    assert positions(await watcher.take(60)) == [100]


async def test_at_the_end_it_gets_what_waits_and_no_more() -> None:
    watcher = Watcher({"project": True}, 10, 0)
    watcher.put([event(1)], 1)
    watcher.end()

    assert positions(await watcher.take(60)) == [1]
    assert await watcher.take(60) is None
    assert await watcher.take(60) is None


async def test_one_that_waits_is_woken_by_the_end() -> None:
    watcher = Watcher({"project": True}, 10, 0)
    waiting = asyncio.create_task(watcher.take(60))
    await asyncio.sleep(0)
    watcher.end()

    assert await waiting is None
