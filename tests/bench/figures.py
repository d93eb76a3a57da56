"""Measures taken in turn, round after round, and their medians: what disturbs one round disturbs all measures."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """`rate` a second, `size` in bytes; the rest in parts of one core, zero where it was not looked at."""

    rate: float
    size: float = 0.0
    server: float = 0.0
    server_wanted: float = 0.0
    postgres: float = 0.0
    postgres_wanted: float = 0.0
    generator: float = 0.0


Measure = Callable[[float], Awaitable[Figure]]


async def alternate(measures: Mapping[str, Measure], rounds: int, seconds: float, say: Callable[[str], None]) -> dict[str, list[Figure]]:
    """Each measure once a round, after a short one that is thrown away: connections open, caches fill."""
    for name, measure in measures.items():
        say(f"warming up: {name}")
        await measure(seconds / 4)
    taken: dict[str, list[Figure]] = {name: [] for name in measures}
    for number in range(rounds):
        for name, measure in measures.items():
            say(f"round {number + 1} of {rounds}: {name}")
            taken[name].append(await measure(seconds))
    return taken


def middle(taken: Sequence[Figure]) -> Figure:
    """The median of each member."""
    return Figure(*(median(getattr(one, each.name) for one in taken) for each in fields(Figure)))


def ratio(of: Sequence[Figure], to: Sequence[Figure]) -> float:
    """The median of the rounds' ratios: the two of a round ran side by side."""
    return median(one.rate / other.rate for one, other in zip(of, to, strict=True))
