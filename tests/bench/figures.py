"""What is measured beside what: sides taken in turn, round after round, so that what disturbs one side disturbs all of them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.bench.shares import Share

SERVER, POSTGRES, LOAD = "server", "PostgreSQL", "load"
# A process that asks for less of a core than this is not what limits a rate.
BUSY = 0.90


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in the unit of its side; who had how much of a core meanwhile, as far as that was looked at; and what else came of it."""

    value: float
    cpu: Mapping[str, Share] = field(default_factory=dict)
    more: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """
    One thing that is measured: `take` does it for so many seconds. A measure's own side and its yardstick are two of them, and a yardstick
    may serve several measures.
    """

    name: str
    take: Callable[[float], Awaitable[Figure]]
    unit: str = "/s"
    clients: int = 0
    # The processes that a profile looks into.
    pids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AtLeast:
    """An aim: so many times the yardstick."""

    times: float

    def __str__(self) -> str:
        return f">= {self.times:.2f}"

    def met(self, came: "Outcome") -> bool:
        return came.ratio is not None and came.ratio >= self.times


@dataclass(frozen=True, slots=True)
class Below:
    """An aim: less than this, in the unit of the side."""

    limit: float

    def __str__(self) -> str:
        return f"< {self.limit:g}"

    def met(self, came: "Outcome") -> bool:
        return came.value < self.limit


@dataclass(frozen=True, slots=True)
class Measure:
    """A side, the yardstick beside it and how close it is meant to come; `name` tells it from others of the same side."""

    ours: Side
    beside: Side | None = None
    aim: AtLeast | Below | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Measures under one title."""

    title: str
    measures: Sequence[Measure]


Taken = Mapping[Side, Sequence[Figure]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a measure came to: the medians, and the ratio of each round."""

    value: float
    beside: float | None
    ratios: Sequence[float]

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios, not the ratio of medians: the two of a round ran side by side."""
        return median(self.ratios) if self.ratios else None


async def alternate(sides: Iterable[Side], rounds: int, seconds: float, say: Callable[[str], None]) -> dict[Side, list[Figure]]:
    """Each side once a round, after a short one that is thrown away: connections open, caches fill."""
    taken: dict[Side, list[Figure]] = {side: [] for side in sides}
    for side in taken:
        say(f"warming up: {side.name}")
        await side.take(seconds / 2)
    for number in range(rounds):
        for side, figures in taken.items():
            say(f"round {number + 1} of {rounds}: {side.name}")
            figures.append(await side.take(seconds))
    return taken


def sides_of(sections: Iterable[Section]) -> list[Side]:
    """Each once, in the order of a round: the two of a ratio follow each other."""
    measures = [measure for section in sections for measure in section.measures]
    return list(dict.fromkeys(side for measure in measures for side in (measure.beside, measure.ours) if side))


def outcome(measure: Measure, taken: Taken) -> Outcome:
    ours = taken[measure.ours]
    if measure.beside is None:
        return Outcome(middle(ours).value, None, [])
    beside = taken[measure.beside]
    ratios = [one.value / other.value for one, other in zip(ours, beside, strict=True)]
    return Outcome(middle(ours).value, middle(beside).value, ratios)


def middle(figures: Sequence[Figure]) -> Figure:
    """The median of each member."""
    first = figures[0]
    return Figure(
        median(one.value for one in figures),
        {who: Share(median(one.cpu[who].used for one in figures), median(one.cpu[who].wanted for one in figures)) for who in first.cpu},
        {name: median(one.more[name] for one in figures) for name in first.more},
    )


def limit_of(side: Side, figure: Figure) -> str:
    """Who kept the rate from being higher: the server unless it asked for less than a core (which one client alone cannot make it do)."""
    if SERVER not in figure.cpu:
        return ""
    if figure.cpu[SERVER].wanted >= BUSY:
        return SERVER
    if side.clients == 1:
        return "1 client"
    return max((share.wanted, who) for who, share in figure.cpu.items() if who != SERVER)[1]
