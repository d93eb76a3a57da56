"""Leftovers go after two misses and a word of their source, and never many at once (4.1, B46)."""

import pytest

from kube_sync.model.objects import POD, Key
from kube_sync.reconcile.orphans import Orphans, is_too_many
from tests.unit.kube_sync.fakes import FakeClock


class Vouching:
    """A source that vouches for the end of some objects only."""

    def __init__(self, *gone: str) -> None:
        self.gone = gone

    async def is_gone(self, key: Key, uid: str) -> bool:
        return key.kind == POD and uid in self.gone


def owned(*names: str) -> list[tuple[Key, str]]:
    return [(Key(POD, "default", name), f"uid-of-{name}") for name in names]


class Sweeping:
    def __init__(self, *gone: str, patience: float = 60, brake: bool = True) -> None:
        self.clock = FakeClock()
        self.woken: list[str] = []
        source = Vouching(*gone)
        self.orphans = Orphans(source, self.clock, lambda key: self.woken.append(key.name), patience=patience, brake=brake)

    async def sweep(self, *names: str, known: tuple[str, ...] = ()) -> list[str]:
        await self.orphans.sweep(owned(*names), lambda key: key.name in known)
        return self.woken


async def test_one_miss_removes_nothing() -> None:
    sweeping = Sweeping("uid-of-a")

    assert await sweeping.sweep("a") == []


async def test_a_second_miss_a_minute_later_does() -> None:
    sweeping = Sweeping("uid-of-a")
    await sweeping.sweep("a")
    await sweeping.clock.advance(60)

    assert await sweeping.sweep("a") == ["a"]


async def test_who_was_seen_between_two_misses_starts_anew() -> None:
    sweeping = Sweeping("uid-of-a")
    await sweeping.sweep("a")
    await sweeping.clock.advance(30)
    await sweeping.sweep("a", known=("a",))
    await sweeping.clock.advance(30)

    assert await sweeping.sweep("a") == []


async def test_what_the_source_does_not_vouch_for_stays() -> None:
    assert await Sweeping(patience=0).sweep("a") == []


@pytest.mark.parametrize(("brake", "removed"), [(True, 0), (False, 60)], ids=["held back", "released by hand"])
async def test_too_many_at_once_need_a_hand(brake: bool, removed: int) -> None:
    names = [f"web-{at}" for at in range(60)]
    sweeping = Sweeping(*(f"uid-of-{name}" for name in names), patience=0, brake=brake)

    assert len(await sweeping.sweep(*names)) == removed
    assert sweeping.orphans.held_back == 60 - removed


@pytest.mark.parametrize(("orphans", "of", "expected"), [(50, 50, False), (51, 51, True), (100, 1000, False), (101, 1000, True)])
def test_too_many_is_more_than_fifty_and_more_than_a_tenth(orphans: int, of: int, expected: bool) -> None:
    assert is_too_many(orphans, of) is expected
