"""Leftovers go after two misses and a word of their source, and never many at once (4.1, B46)."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Iterable

import pytest

from kube_sync.cluster.lease import Place
from kube_sync.cluster.source import Event
from kube_sync.instruments import PREFIX, Instruments
from kube_sync.model.objects import POD, Key
from kube_sync.reconcile.absences import Absences, StillThereError
from kube_sync.reconcile.brake import Brake, is_too_many
from kube_sync.reconcile.orphans import Orphans
from kube_sync.reconcile.passes import Settle
from kube_sync.reconcile.sweeps import Sweeps
from tests.unit.kube_sync.fakes import FakeClock, pod, settle


class Source:
    """Vouches for the end of some objects only, and remembers what it was told."""

    def __init__(self, *gone: str) -> None:
        self.gone = set(gone)
        self.asked: list[str] = []
        self.told: list[Event] = []

    async def is_gone(self, key: Key, uid: str) -> bool:
        self.asked.append(key.name)
        return key.kind == POD and uid in self.gone

    async def tell(self, event: Event) -> None:
        self.told.append(event)


def brake(source: Source, *, on: bool = True) -> Brake:
    return Brake(source, Place("kube-system", "sync"), on=on)  # type: ignore[arg-type]


async def owned(names: Iterable[str]) -> AsyncIterator[tuple[Key, str]]:
    for name in names:
        yield Key(POD, "default", name), f"uid-of-{name}"


class Sweeping:
    def __init__(self, *gone: str, patience: float = 60, on: bool = True) -> None:
        self.clock = FakeClock()
        self.removed: list[str] = []
        self.source = Source(*gone)
        self.brake = brake(self.source, on=on)
        self.instruments = Instruments()
        self.orphans = Orphans(self.source, self.clock, self.brake, self.instruments, patience=patience)

    async def sweep(self, *names: str, known: tuple[str, ...] = ()) -> list[str]:
        await self.orphans.sweep("pods", owned(names), lambda key: key.name in known, lambda key: self.removed.append(key.name))
        return self.removed


async def test_one_miss_removes_nothing() -> None:
    sweeping = Sweeping("uid-of-a")

    assert await sweeping.sweep("a") == []
    assert sweeping.orphans.missed == 1


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


@pytest.mark.parametrize(("on", "removed"), [(True, 0), (False, 60)], ids=["held back", "released by hand"])
async def test_b46_too_many_at_once_need_a_hand(on: bool, removed: int) -> None:
    names = [f"web-{at}" for at in range(60)]
    sweeping = Sweeping(*(f"uid-of-{name}" for name in names), patience=0, on=on)

    assert len(await sweeping.sweep(*names)) == removed
    assert (sweeping.instruments.registry.get_sample_value(f"{PREFIX}_orphans_removed_total", {"what": "pods"}) or 0) == removed
    assert sweeping.brake.held == 60 - removed
    assert [(event.about, event.reason) for event in sweeping.source.told] == [(Key("Lease", "kube-system", "sync"), "MassDeleteHeld")] * on


async def test_b46_what_was_held_back_is_told_once_and_was_not_missed_meanwhile() -> None:
    names = [f"web-{at}" for at in range(60)]
    sweeping = Sweeping(*(f"uid-of-{name}" for name in names))
    for _ in range(3):
        await sweeping.sweep(*names)
        await sweeping.clock.advance(61)

    assert await sweeping.sweep(*names, known=tuple(names[1:])) == []
    assert len(sweeping.source.told) == 1
    assert sweeping.brake.held == 0


@pytest.mark.parametrize(("orphans", "of", "expected"), [(50, 50, False), (51, 51, True), (100, 1000, False), (101, 1000, True)])
def test_too_many_is_more_than_fifty_and_more_than_a_tenth(orphans: int, of: int, expected: bool) -> None:
    assert is_too_many(orphans, of) is expected


async def test_fifty_thousand_owners_are_never_in_memory_together() -> None:
    names = (f"web-{at}-{'x' * 200}" for at in range(50_000))
    sweeping = Sweeping()
    tracemalloc.start()
    await sweeping.orphans.sweep("pods", owned(names), lambda _: True, lambda _: None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2**20


class Listing:
    """Pods of which a list leaves some out."""

    def __init__(self, *gone: str) -> None:
        self.source = Source(*(f"uid-of-{name}" for name in gone))
        self.known: set[str] = set()
        self.woken: list[str] = []
        self.looked: list[str] = []
        self.outcomes: dict[str, Exception | None] = {}
        self.brake = brake(self.source)
        self.absences = Absences(self.source, self.brake, lambda key: self.woken.append(key.name), lambda key: key.name in self.known)

    def listed(self, *known: str) -> None:
        gone, self.known = self.known - set(known), set(known)
        self.absences.listed(POD, {pod(name).key: pod(name) for name in gone}, len(known))

    async def look(self, *names: str) -> list[str]:
        async def look(keys: list[Key], _: Settle) -> None:
            self.looked += [key.name for key in keys]

        async def settled(key: Key, outcome: Exception | None) -> None:
            self.outcomes[key.name] = outcome

        self.looked.clear()
        await self.absences.guarding(look)([pod(name).key for name in names], settled)
        return self.looked


async def test_b31_what_a_list_left_out_is_gone_when_the_server_says_so_too() -> None:
    listing = Listing("a")
    listing.listed("a", "b", "c")
    listing.listed("c")

    assert await listing.look("a", "b", "c") == ["a", "c"]
    assert isinstance(listing.outcomes["b"], StillThereError)
    assert listing.source.asked == ["a", "b"]


async def test_what_came_back_is_looked_at_without_a_question() -> None:
    listing = Listing()
    listing.listed("a")
    listing.listed()
    listing.listed("a")

    assert await listing.look("a") == ["a"]
    assert listing.source.asked == []


async def test_b46_an_empty_list_of_a_sick_server_removes_nothing_and_asks_nothing() -> None:
    names = [f"web-{at}" for at in range(100)]
    listing = Listing(*names)
    listing.listed(*names)
    listing.listed()

    assert await listing.look(*names) == []
    assert {str(outcome) for outcome in listing.outcomes.values()} != {"None"}
    assert listing.brake.held == 100
    assert [event.reason for event in listing.source.told] == ["MassDeleteHeld"]
    assert listing.source.asked == []


async def test_b46_once_the_server_is_well_the_few_that_really_went_are_looked_at() -> None:
    names = [f"web-{at}" for at in range(100)]
    listing = Listing(*names)
    listing.listed(*names)
    listing.listed()
    await listing.look(*names)
    listing.listed(*names[3:])

    assert sorted(listing.woken) == names[:3]
    assert await listing.look(*names[:3]) == names[:3]
    assert listing.brake.held == 0


class Passes:
    """Counts passes; `missed` is what they find."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.at: list[float] = []
        self.missed = False
        self.sweeps = Sweeps(self.clock, self, self.sweep)  # type: ignore[arg-type]

    async def sweep(self) -> None:
        self.at.append(self.clock.now() - 1000)


@pytest.mark.parametrize(
    ("missed", "listed_at", "expected"),
    [(False, None, [0, 600, 1200]), (True, None, [0, 61, 122]), (False, 300, [0, 300, 900]), (False, 10, [0, 61, 661])],
    ids=["every ten minutes", "again after a miss", "after a list", "not for every list"],
)
async def test_leftovers_are_looked_for(missed: bool, listed_at: float | None, expected: list[float]) -> None:
    passes = Passes()
    passes.missed = missed
    running = asyncio.create_task(passes.sweeps.run())
    await settle()
    if listed_at is not None:
        await passes.clock.advance(listed_at)
        passes.sweeps.listed()
    await passes.clock.advance(1300)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert passes.at[:3] == expected
