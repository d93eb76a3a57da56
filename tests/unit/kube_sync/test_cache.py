"""The cache tells what changed, once, and what vanished in a gap (B31, B32)."""

from dataclasses import replace

import pytest

from kube_sync.cluster.cache import Cache
from kube_sync.model.objects import Key, Pod
from tests.unit.kube_sync.fakes import pod


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[str, bool, bool]] = []
        self.cache: Cache[Pod] = Cache(self.hear)

    def hear(self, key: Key, old: Pod | None, new: Pod | None) -> None:
        self.heard.append((key.name, old is not None, new is not None))


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_a_list_tells_new_changed_and_vanished_objects_and_no_others(listener: Listener) -> None:
    listener.cache.replace([pod("kept"), pod("changed"), pod("vanished")])
    listener.heard.clear()

    listener.cache.replace([pod("kept", version="9"), pod("changed", selection="a"), pod("new")])

    assert sorted(listener.heard) == [("changed", True, True), ("new", False, True), ("vanished", True, False)]


def test_a_list_makes_the_cache_trustworthy(listener: Listener) -> None:
    before = listener.cache.synced
    listener.cache.replace([])

    assert (before, listener.cache.synced) == (False, True)


async def test_a_list_that_cannot_be_had_is_waited_for_no_more_and_never_trusted(listener: Listener) -> None:
    listener.cache.give_up()
    await listener.cache.until_synced()

    assert not listener.cache.synced


def test_an_event_told_twice_is_heard_once(listener: Listener) -> None:
    for _ in range(2):
        listener.cache.put(pod("web-0"))

    assert listener.heard == [("web-0", False, True)]


def test_an_old_event_does_not_bring_back_what_has_gone(listener: Listener) -> None:
    first = pod("web-0", version="1")
    listener.cache.put(first)
    listener.cache.remove(replace(first, version="2"))
    listener.cache.put(first)

    assert listener.cache.get(first.key) is None


def test_an_old_event_does_not_undo_a_newer_one(listener: Listener) -> None:
    listener.cache.put(pod(version="1"))
    listener.cache.put(pod(version="2", selection="a"))
    listener.cache.put(pod(version="1"))

    assert [found.selection for found in listener.cache] == ["a"]


def test_the_end_of_a_namesake_does_not_touch_the_one_after_it(listener: Listener) -> None:
    listener.cache.put(pod("web-0", uid="new", version="5"))
    listener.cache.remove(pod("web-0", uid="old", version="6"))

    assert [found.uid for found in listener.cache] == ["new"]


def test_a_list_after_a_restore_may_tell_old_versions_again(listener: Listener) -> None:
    listener.cache.put(pod(version="1"))
    listener.cache.put(pod(version="2", selection="a"))
    listener.cache.replace([pod(version="1")])
    listener.cache.put(pod(version="2", selection="a"))

    assert [found.selection for found in listener.cache] == ["a"]
