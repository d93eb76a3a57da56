"""What a process remembers, without a database: it is bounded, and what cannot be so together is not taken together."""

from datetime import UTC, datetime, timedelta

from api_server.memory import End, Fact, Memory, Recall
from api_server.model.resource import Perms
from api_server.store.assumptions import nobody_within, unchanged

THEN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = THEN + timedelta(microseconds=1)


def network(uuid: str, name: str = "", modified: datetime = THEN) -> End:
    return End("virtual-network", uuid, ("d", "p", name or uuid), Perms(), visible=True, modified=modified)


def recall(memory: Memory) -> Recall:
    found = Recall(memory, trusts=True)
    found.open()
    return found


def found(memory: Memory, *names: str) -> list[str]:
    return [end.uuid for end in recall(memory).find([("virtual-network", ("d", "p", name)) for name in names], [])]


def test_what_was_not_used_for_longest_is_forgotten_with_its_name() -> None:
    memory = Memory(2)
    memory.learn([network("a"), network("b")])
    found(memory, "a")
    memory.learn([network("c")])

    assert found(memory, "a", "b", "c") == ["a", "c"]


def test_a_name_is_that_of_who_had_it_last() -> None:
    memory = Memory(2)
    memory.learn([network("a", "n"), network("b", "n")])
    memory.forget(["a"])

    assert found(memory, "n") == ["b"]


def test_what_is_known_about_an_object_goes_with_its_state() -> None:
    memory = Memory()
    memory.learn([network("a")])
    memory.note("subnets", "a", Fact(1, {"a": THEN}))
    memory.note("subnets", "a", Fact(2, {"a": NOW}))
    known = memory.fact("subnets", "a")
    memory.learn([network("a", modified=NOW)])

    assert (known, memory.fact("subnets", "a")) == (Fact(1, {"a": THEN}), None)


def test_what_rests_on_two_states_of_an_object_is_not_taken_together() -> None:
    memory = Memory()
    memory.learn([network("a"), network("ipam", modified=NOW)])
    memory.note("subnets", "a", Fact(1, {"a": THEN, "ipam": THEN}))
    taking = recall(memory)

    assert [end.uuid for end in taking.find([], ["ipam"])] == ["ipam"]
    assert taking.fact("subnets", "a") is None
    assert taking.assumptions() == [unchanged("ipam", NOW)]


def test_nothing_is_taken_once_something_changes_and_what_is_locked_as_it_was_is_proved() -> None:
    memory = Memory()
    memory.learn([network("a"), network("b")])
    taking = recall(memory)
    taking.find([], ["a", "b"])
    taking.close()
    taking.open()
    taking.changes("a", THEN)

    assert taking.find([], ["a"]) == []
    assert taking.assumptions() == [unchanged("b", THEN)]


def test_a_range_is_vacant_for_one() -> None:
    taking = recall(Memory())

    assert [taking.presume_vacant("a0", "af"), taking.presume_vacant("a0", "af")] == [True, False]
    assert taking.assumptions() == [nobody_within("a0", "af")]


def test_what_was_made_and_changed_again_is_not_remembered_as_it_was_made() -> None:
    memory = Memory()
    taking = recall(memory)
    taking.proved([network("a"), network("b")])
    taking.changes("a", THEN)
    before = found(memory, "a", "b")
    taking.committed()

    assert (before, found(memory, "a", "b")) == ([], ["b"])
