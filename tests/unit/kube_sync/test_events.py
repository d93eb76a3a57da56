"""Events: one object for what is told again, and never a flood (4.3)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from structlog.testing import capture_logs

from kube_sync.cluster.api import RefusedError, UnreachedError
from kube_sync.cluster.events import BURST, FLOOD, LAST, PERIOD, RATE, Recorder
from kube_sync.cluster.source import Event
from kube_sync.instruments import Instruments
from kube_sync.model.objects import POD, Key
from tests.unit.kube_sync.fakes import FakeClock, settle

WEB = Key(POD, "default", "web-0")


class Events:
    """A KubeApi that keeps Events."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.down = False
        self.forbidden = False
        self.surprise = False
        self.answers = asyncio.Event()
        self.answers.set()

    async def get(self, path: str, **query: str) -> Any:
        assert not query
        return self.kept[path]

    async def create(self, path: str, document: Any) -> Any:
        await self.answers.wait()
        if self.down:
            raise UnreachedError("down", "refused")
        if self.surprise:
            raise TypeError
        if self.forbidden:
            raise RefusedError("may not create events", status=403, reason="Forbidden")
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

    def kept_about(self, name: str) -> int:
        return len([event for event in self.kept.values() if event["involvedObject"]["name"] == name])


def told(message: str = "it is wrong") -> Event:
    return Event(WEB, "uid", "InvalidCIDR", message)


def about(number: int, *, warning: bool = True) -> Event:
    name = f"pod-{number}"
    return Event(Key(POD, "default", name), f"uid-of-{name}", "Reason", "message", warning)


class Running:
    """A recorder at work."""

    def __init__(self) -> None:
        self.events, self.clock = Events(), FakeClock()
        self.recorder = Recorder(self.events, self.clock, Instruments())
        self._task = asyncio.create_task(self.recorder.run())

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    made = Running()
    await settle()
    yield made
    await made.stop()


async def test_an_event_names_the_object_the_reason_and_the_message() -> None:
    events = Events()
    await Recorder(events, FakeClock(), Instruments()).tell(told())

    event = next(iter(events.kept.values()))
    assert event["involvedObject"] == {"kind": "Pod", "namespace": "default", "name": "web-0", "uid": "uid", "apiVersion": "v1"}
    assert (event["reason"], event["message"], event["type"]) == ("InvalidCIDR", "it is wrong", "Warning")


async def test_the_same_is_told_by_counting_and_another_message_by_another_event() -> None:
    events = Events()
    recorder = Recorder(events, FakeClock(), Instruments())
    for message in ("one", "one", "two"):
        await recorder.tell(told(message))

    assert events.counts == [2, 1]


async def test_a_restarted_worker_goes_on_counting() -> None:
    events = Events()
    for _ in range(3):
        await Recorder(events, FakeClock(), Instruments()).tell(told())

    assert events.counts == [3]


async def test_an_object_that_was_told_much_is_told_seldom() -> None:
    events, clock = Events(), FakeClock()
    recorder = Recorder(events, clock, Instruments())
    for _ in range(100):
        await recorder.tell(told())
    many = events.counts
    await clock.advance(PERIOD)
    await recorder.tell(told())

    assert many == [BURST]
    assert events.counts == [BURST + 1]


async def test_an_event_that_expired_is_told_anew() -> None:
    events = Events()
    recorder = Recorder(events, FakeClock(), Instruments())
    await recorder.tell(told())
    events.kept.clear()
    await recorder.tell(told())
    await recorder.tell(told())

    assert events.counts == [2]


async def test_a_server_that_is_down_harms_nothing() -> None:
    events = Events()
    events.down = True

    await Recorder(events, FakeClock(), Instruments()).tell(told())

    assert events.kept == {}


async def test_nobody_waits_while_events_are_written_and_what_is_too_much_waits_its_turn_warnings_first(running: Running) -> None:
    for at in range(int(FLOOD)):
        await running.recorder.tell(about(at))
    await running.recorder.tell(about(1000, warning=False))
    await running.recorder.tell(about(1001))
    told_at_once = len(running.events.kept)
    await running.clock.advance(0)
    written_at_once = len(running.events.kept)
    await running.clock.advance(1 / RATE)
    after_one_turn = running.events.kept_about("pod-1000"), running.events.kept_about("pod-1001")
    await running.clock.advance(1)

    assert (told_at_once, written_at_once) == (0, FLOOD)
    assert after_one_turn == (0, 1)
    assert running.events.kept_about("pod-1000") == 1


async def test_what_waits_says_when_it_was_told_and_the_last_word_replaces_one_of_the_same_reason(running: Running) -> None:
    for at in range(int(FLOOD)):
        await running.recorder.tell(about(at))
    await running.clock.advance(0)
    for message in ("early", "late"):
        await running.recorder.tell(Event(WEB, "uid", "Reason", message))
    told_at = running.clock.date()
    await running.clock.advance(60)

    (event,) = [event for event in running.events.kept.values() if event["involvedObject"]["name"] == WEB.name]
    assert event["message"] == "late"
    assert event["firstTimestamp"] == told_at.strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_many_thousand_refused_pods_do_not_flood_the_api_server(running: Running) -> None:
    for at in range(20_000):
        await running.recorder.tell(about(at))
    await running.clock.advance(10)

    assert FLOOD < len(running.events.kept) <= FLOOD + 10 * RATE + 1


async def test_of_what_waits_when_the_worker_ends_the_first_are_written_and_so_is_what_is_told_after(running: Running) -> None:
    for at in range(int(FLOOD) + LAST + 1):
        await running.recorder.tell(about(at))
    await settle()
    await running.stop()
    in_the_end = len(running.events.kept)
    await running.recorder.tell(about(1000))

    assert in_the_end == FLOOD + LAST
    assert running.events.kept_about("pod-1000") == 1


async def test_an_event_that_is_being_written_when_the_worker_ends_is_not_lost(running: Running) -> None:
    running.events.answers.clear()
    await running.recorder.tell(about(1))
    await settle()
    ending = asyncio.create_task(running.stop())
    await settle()
    running.events.answers.set()
    await ending

    assert running.events.counts == [1]


async def test_an_event_stands_where_its_owner_looks() -> None:
    events = Events()
    recorder = Recorder(events, FakeClock(), Instruments())
    for key in (WEB, Key("Namespace", "", "team-a"), Key("CustomResourceDefinition", "", "things.example.org")):
        await recorder.tell(Event(key, key.name, "Reason", "message"))

    assert [(event["metadata"]["namespace"], event["involvedObject"].get("namespace")) for event in events.kept.values()] == [
        ("default", "default"),
        ("team-a", "team-a"),
        ("default", None),
    ]


async def test_a_long_message_is_cut_between_characters() -> None:
    events = Events()
    await Recorder(events, FakeClock(), Instruments()).tell(told("ü" * 2000))

    assert next(iter(events.kept.values()))["message"] == "ü" * 512


async def test_an_answer_that_nobody_expects_ends_nothing(running: Running) -> None:
    running.events.surprise = True
    await running.recorder.tell(about(1))
    await running.clock.advance(1)
    running.events.surprise = False
    await running.recorder.tell(told("half a character: \ud800"))
    await running.clock.advance(1)

    assert [event["message"] for event in running.events.kept.values()] == ["half a character: ?"]


async def test_missing_rights_are_logged_once() -> None:
    events = Events()
    events.forbidden = True
    recorder = Recorder(events, FakeClock(), Instruments())

    with capture_logs() as logs:
        for message in ("one", "two", "three"):
            await recorder.tell(told(message))

    assert [entry["log_level"] for entry in logs] == ["warning", "debug", "debug"]
