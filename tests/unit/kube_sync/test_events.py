"""Events: one object for what is told again, and never a flood (4.3)."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

from kube_sync.cluster.api import RefusedError, UnreachedError
from kube_sync.cluster.events import BURST, PERIOD, Recorder
from kube_sync.cluster.source import Event
from kube_sync.model.objects import POD, Key
from tests.unit.kube_sync.fakes import FakeClock

WEB = Key(POD, "default", "web-0")


class Events:
    """A KubeApi that keeps Events."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.down = False

    async def get(self, path: str, **query: str) -> Any:
        assert not query
        return self.kept[path]

    async def create(self, path: str, document: Any) -> Any:
        if self.down:
            raise UnreachedError("down", "refused")
        name = f"{path}/{document['metadata']['name']}"
        if name in self.kept:
            raise RefusedError("exists", status=409, reason="AlreadyExists")
        self.kept[name] = document
        return document

    async def patch(self, path: str, document: Any) -> Any:
        if path not in self.kept:
            raise RefusedError("expired", status=404, reason="NotFound")
        self.kept[path] |= document
        return self.kept[path]

    def watch(self, path: str, **query: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        raise AssertionError(path, query)

    @property
    def counts(self) -> list[int]:
        return [event["count"] for event in self.kept.values()]


def told(message: str = "it is wrong") -> Event:
    return Event(WEB, "uid", "InvalidCIDR", message)


async def test_an_event_names_the_object_the_reason_and_the_message() -> None:
    events = Events()
    await Recorder(events, FakeClock()).tell(told())

    event = next(iter(events.kept.values()))
    assert event["involvedObject"] == {"kind": "Pod", "namespace": "default", "name": "web-0", "uid": "uid", "apiVersion": "v1"}
    assert (event["reason"], event["message"], event["type"]) == ("InvalidCIDR", "it is wrong", "Warning")


async def test_the_same_is_told_by_counting_and_another_message_by_another_event() -> None:
    events = Events()
    recorder = Recorder(events, FakeClock())
    for message in ("one", "one", "two"):
        await recorder.tell(told(message))

    assert events.counts == [2, 1]


async def test_a_restarted_worker_goes_on_counting() -> None:
    events = Events()
    for _ in range(3):
        await Recorder(events, FakeClock()).tell(told())

    assert events.counts == [3]


async def test_an_object_that_was_told_much_is_told_seldom() -> None:
    events, clock = Events(), FakeClock()
    recorder = Recorder(events, clock)
    for _ in range(100):
        await recorder.tell(told())
    many = events.counts
    await clock.advance(PERIOD)
    await recorder.tell(told())

    assert many == [BURST]
    assert events.counts == [BURST + 1]


async def test_an_event_that_expired_is_told_anew() -> None:
    events = Events()
    recorder = Recorder(events, FakeClock())
    await recorder.tell(told())
    events.kept.clear()
    await recorder.tell(told())
    await recorder.tell(told())

    assert len(events.kept) == 1


async def test_a_server_that_is_down_harms_nothing() -> None:
    events = Events()
    events.down = True

    await Recorder(events, FakeClock()).tell(told())

    assert events.kept == {}
