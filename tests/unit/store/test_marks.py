"""How old what a standby knows may be follows from where the primary was when."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from api_server.store.replica import MARKS, Mark, Marks


def marks_of(*marks: tuple[float, int]) -> Marks:
    marks_ = Marks()
    for moment, place in marks:
        marks_.add(Mark(moment, place))
    return marks_


def test_who_is_before_every_mark_knows_nothing_for_sure() -> None:
    assert marks_of((1, 100)).moment_of(99) == float("-inf")
    assert Marks().moment_of(99) == float("-inf")


def test_who_has_come_to_a_mark_knows_what_was_committed_by_then() -> None:
    marks = marks_of((1, 100), (2, 200))

    assert [marks.moment_of(place) for place in (100, 199, 200, 10**18)] == [1, 1, 2, 2]


def test_a_primary_that_rests_makes_nobody_older() -> None:
    assert marks_of((1, 100), (2, 100), (3, 100)).moment_of(100) == 3


def test_what_was_known_of_another_primary_is_forgotten() -> None:
    marks = marks_of((1, 100), (2, 300), (3, 200))

    assert marks.moment_of(150) == float("-inf")
    assert marks.moment_of(200) == 3


def test_the_oldest_marks_are_dropped() -> None:
    marks = marks_of(*((moment, moment) for moment in range(MARKS + 10)))

    assert marks.moment_of(9) == float("-inf")
    assert marks.moment_of(10) == 10


@given(st.lists(st.integers(0, 3), min_size=1), st.integers(0, 40))
def test_the_age_is_that_of_the_newest_mark_that_was_reached(steps: list[int], place: int) -> None:
    places = list(enumerate(accumulate(steps)))
    reached = [moment for moment, at in places if at <= place]

    assert marks_of(*places).moment_of(place) == max(reached, default=float("-inf"))
