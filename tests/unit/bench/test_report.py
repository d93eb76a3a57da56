"""What a run says: a table, aims met and missed, and all figures as JSON."""

from collections import Counter

from tests.bench.figures import AtLeast, Below, Figure, Measure, Section, Side, Taken
from tests.bench.profiling import top
from tests.bench.record import sections
from tests.bench.report import goals, table
from tests.bench.shares import Share


async def nothing(_: float) -> Figure:
    raise AssertionError


CPU = {"server": Share(0.5, 0.95), "PostgreSQL": Share(0.4, 0.8), "load": Share(0.1, 0.1)}
OURS, BARE, FIRST = Side("GET", nothing, clients=16), Side("bare route", nothing, clients=16), Side("first byte", nothing, " ms")
SECTION = Section("reads", [Measure(OURS, BARE, AtLeast(0.4)), Measure(OURS, BARE, AtLeast(0.6), "again"), Measure(FIRST, None, Below(5))])
TAKEN: Taken = {
    OURS: [Figure(500, CPU), Figure(600, CPU)],
    BARE: [Figure(1_000, CPU), Figure(1_000, CPU)],
    FIRST: [Figure(7), Figure(8)],
}


def test_a_table_has_each_yardstick_once_and_each_measure_with_its_ratio_and_aim() -> None:
    _, title, bare, ours, again, first = table([SECTION], TAKEN)

    assert title == "reads"
    assert bare.split() == ["bare", "route", "1,000/s", "1.00", "50%", "(95%)", "40%", "(80%)", "10%", "server"]
    assert ours.split()[:7] == ["GET", "550/s", "0.55", "0.50-0.60", ">=", "0.40", "met"]
    assert again.split()[:7] == ["again", "550/s", "0.55", "0.50-0.60", ">=", "0.60", "MISSED"]
    assert first.split() == ["first", "byte", "7.50", "ms", "7.00-8.00", "<", "5", "MISSED"]


def test_what_was_missed_is_said_at_the_end() -> None:
    assert list(goals([([SECTION], TAKEN)]))[1:] == [
        "1 of 3 aims met",
        "  MISSED: again: 0.55 of bare route, aim >= 0.60",
        "  MISSED: first byte: 7.50 ms, aim < 5",
    ]


def test_the_json_has_the_figures_of_all_rounds() -> None:
    told = sections([SECTION], TAKEN)[0]["measures"][0]

    assert (told["name"], told["ratio"], told["ratios"], told["aim"], told["met"]) == ("GET", 0.55, [0.5, 0.6], ">= 0.40", True)
    assert [figure["value"] for figure in told["rounds"]["figures"]] == [500, 600]
    assert told["yardstick"]["figures"][0]["cpu"]["server"] == {"used": 0.5, "wanted": 0.95}


def test_a_profile_tells_functions_by_their_own_time_and_by_all_below_them() -> None:
    stacks = Counter({"main (a.py:1);read (b.py:5)": 3, "main (a.py:2);read (b.py:9)": 4, "main (a.py:3)": 3})

    assert top(stacks) == ["  70.0% own   70.0% in all  read (b.py)", "  30.0% own  100.0% in all  main (a.py)"]
