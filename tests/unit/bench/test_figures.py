"""Ratios, aims and limits of a benchmark's figures."""

import pytest

from tests.bench.figures import AtLeast, Below, Figure, Measure, Section, Side, alternate, limit_of, outcome, sides_of
from tests.bench.shares import Share


def side(name: str, *values: float) -> tuple[Side, list[Figure]]:
    """A side with what its rounds gave."""
    rounds = iter(values)

    async def take(_: float) -> Figure:
        return Figure(next(rounds))

    return Side(name, take), [Figure(value) for value in values]


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    ours, rounds = side("ours", 10, 50, 90)
    beside, others = side("beside", 100, 100, 300)

    assert outcome(Measure(ours, beside), {ours: rounds, beside: others}).ratio == 0.3


@pytest.mark.parametrize(("aim", "met"), [(AtLeast(0.25), True), (AtLeast(0.26), False), (Below(26), True), (Below(25), False)])
def test_an_aim_is_met_by_the_ratio_or_by_the_value_itself(aim: AtLeast | Below, met: bool) -> None:
    ours, rounds = side("ours", 25)
    beside, others = side("beside", 100)

    assert aim.met(outcome(Measure(ours, beside), {ours: rounds, beside: others})) is met


async def test_sides_take_turns_after_a_round_that_is_thrown_away() -> None:
    (one, _), (other, _) = side("one", 1, 2, 3), side("other", 4, 5, 6)
    said: list[str] = []

    taken = await alternate([one, other], 2, 0.1, said.append)

    assert [line.split(": ")[1] for line in said] == ["one", "other"] * 3
    assert {each.name: [figure.value for figure in figures] for each, figures in taken.items()} == {"one": [2, 3], "other": [5, 6]}


def test_a_yardstick_of_several_measures_is_taken_once_a_round() -> None:
    (one, _), (other, _), (same, _) = side("one"), side("other"), side("same")

    found = sides_of([Section("", [Measure(one, same), Measure(other, same)])])

    assert [each.name for each in found] == ["same", "one", "other"]


@pytest.mark.parametrize(
    ("clients", "server", "postgres", "limit"),
    [(16, 0.95, 2.0, "server"), (16, 0.6, 2.0, "PostgreSQL"), (1, 0.6, 0.3, "1 client"), (16, 0.6, 0.1, "load")],
)
def test_what_limits_a_rate_is_the_server_if_it_is_busy_and_else_who_wants_most(
    clients: int, server: float, postgres: float, limit: str
) -> None:
    one, _ = side("one")
    loaded = Side(one.name, one.take, clients=clients)
    cpu = {"server": Share(server, server), "PostgreSQL": Share(0.5, postgres), "load": Share(0.2, 0.2)}

    assert limit_of(loaded, Figure(1, cpu)) == limit
