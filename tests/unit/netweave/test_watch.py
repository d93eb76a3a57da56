"""The stream of changes through both clients: what they make of it, and how they go on when it is cut off."""

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from netweave import AsyncClient, Client, Forgotten, NotFound, Retries, Unreachable, Unreadable
from netweave._watch import PATIENT, Reading
from tests.unit.netweave.scripted import Asked, Reply, problem, serving, text

UUID = "7a1e0000-0000-4000-8000-000000000001"
INIT = 'event: init\ndata: {"projects":[{"project":{"uuid":"a"}},{"project":{"uuid":"b"}}]}\n\nid: 7\n\n'


def stream(*parts: str) -> Reply:
    return Reply(body="".join(parts), content_type="text/event-stream")


def told(position: int, name: str, uuid: str = UUID) -> str:
    return f'id: {position}\nevent: {name}\ndata: {{"project":{{"uuid":"{uuid}"}}}}\n\n'


Take = Callable[..., list[Any]]


def blocking(url: str, count: int, pauses: list[float], *kinds: str, **asked: Any) -> list[Any]:
    with Client(url, retries=Retries(times=1), sleep=pauses.append) as client:
        return list(islice(client.watch(*(kinds or ("project",)), **asked), count))


def awaited(url: str, count: int, pauses: list[float], *kinds: str, **asked: Any) -> list[Any]:
    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def run() -> list[Any]:
        found: list[Any] = []
        async with AsyncClient(url, retries=Retries(times=1), sleep=pause) as client:
            events = client.watch(*(kinds or ("project",)), **asked)
            async for event in events:
                found.append(event)
                if len(found) == count:
                    await events.aclose()  # type: ignore[attr-defined]  # it is a generator
                    break
        return found

    return asyncio.run(run())


both = pytest.mark.parametrize("take", [blocking, awaited])


def scripted(take: Take, count: int, *replies: Reply, **asked: Any) -> tuple[list[Any], list[Asked], list[float]]:
    pauses: list[float] = []
    with serving(*replies) as script:
        found = take(script.url, count, pauses, **asked)
    return found, script.asked, pauses


@both
def test_a_list_comes_first_and_then_what_happens(take: Take) -> None:
    found, asked, _ = scripted(take, 4, stream(INIT, ":\n\n", told(8, "create"), told(9, "update"), told(10, "delete")))

    assert [(event.name, event.kind, event.position) for event in found] == [
        ("init", "project", None),
        ("create", "project", 8),
        ("update", "project", 9),
        ("delete", "project", 10),
    ]
    assert [document["uuid"] for document in found[0].documents] == ["a", "b"]
    assert found[1].document == {"uuid": UUID}
    assert (asked[0].path, asked[0].query) == ("/watch", {"resource_type": "project"})
    assert "last-event-id" not in asked[0].headers


@both
def test_a_stream_that_is_cut_off_is_gone_on_with(take: Take) -> None:
    replies = [stream(INIT, told(8, "update")), Reply(0), text(503, "starting"), stream(told(9, "update"))]

    found, asked, pauses = scripted(take, 3, *replies)

    assert [event.name for event in found] == ["init", "update", "update"]
    assert [each.headers.get("last-event-id") for each in asked] == [None, "8", "8", "8"]
    assert pauses == [0.1, 0.2, 0.4]


@both
def test_half_an_event_is_none(take: Take) -> None:
    found, _, _ = scripted(take, 2, stream(INIT, told(8, "update")[:-20]), stream(told(8, "update")))

    assert [(event.name, event.position) for event in found] == [("init", None), ("update", 8)]


@both
def test_after_a_stop_it_starts_again_from_the_list(take: Take) -> None:
    found, asked, _ = scripted(take, 2, stream("id:\nevent: stop\ndata: {}\n\n"), stream(INIT, told(8, "update")), since=3)

    assert [event.name for event in found] == ["init", "update"]
    assert [each.headers.get("last-event-id") for each in asked] == ["3", None]


@both
def test_a_reader_that_wants_no_list_is_told_of_a_stop(take: Take) -> None:
    with serving(stream(told(8, "update"), "id:\nevent: stop\ndata: {}\n\n")) as script, pytest.raises(Forgotten):
        take(script.url, 2, [], "project", since=3, anew=False)


@both
def test_kinds_fields_and_a_position_are_asked_for(take: Take) -> None:
    pauses: list[float] = []
    with serving(stream(told(4, "update"))) as script:
        take(script.url, 1, pauses, "virtual_network", "virtual-DNS", fields={"virtual-DNS": ["a", "b"]}, since=3)

    assert script.asked[0].query == {"resource_type": "virtual-network,virtual-DNS", "virtual_DNS_fields": "a,b"}
    assert script.asked[0].headers["last-event-id"] == "3"


@both
@pytest.mark.parametrize(
    ("reply", "error"),
    [(problem(404, "not-found"), NotFound), (Reply(body={}), Unreadable), (stream("event: init\ndata: no\n\n"), Unreadable)],
)
def test_what_is_no_stream_is_an_error(take: Take, reply: Reply, error: type[Exception]) -> None:
    with pytest.raises(error):
        scripted(take, 1, reply)


@both
def test_a_server_that_stays_away_is_unreachable_in_the_end(take: Take) -> None:
    with serving() as script:
        url = script.url
    pauses: list[float] = []
    with pytest.raises(Unreachable):
        take(url, 1, pauses)

    assert len(pauses) == PATIENT.times


def test_no_kind_is_no_stream() -> None:
    with pytest.raises(ValueError, match="at least one kind"):
        Reading("http://x", [], None, None)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_the_bytes_may_come_in_any_pieces_and_hold_any_text(size: int) -> None:
    # What Unicode takes for ends of lines, in a value.
    raw = 'id: 8\r\nevent: update\r\ndata: {"project":{"uuid":"a\u2028b\x85c"}}\r\n\r\n'.encode()
    reading = Reading("http://x", ["project"], None, None)

    found = [event for start in range(0, len(raw), size) for event in reading.read(raw[start : start + size])]

    assert [(event.name, event.document["uuid"], event.position) for event in found] == [("update", "a\u2028b\x85c", 8)]


def page(*positions: int, following: int | None) -> Reply:
    return Reply(body={"changes": [{"position": position} for position in positions], "next": following, "position": 99})


def test_changes_come_from_page_after_page() -> None:
    with serving(page(1, 2, following=2), page(3, following=None)) as script, Client(script.url) as client:
        found = list(client.changes(kind=["virtual_network", "project"], actor="me", after=0))

    assert [each["position"] for each in found] == [1, 2, 3]
    assert script.asked[0].query == {"kind": "virtual-network,project", "actor": "me", "after": "0", "limit": "500"}
    assert script.asked[1].query["after"] == "2"


def test_the_latest_changes_go_backwards_up_to_a_limit() -> None:
    with serving(page(9, 8, following=8), page(7, following=7)) as script, Client(script.url) as client:
        found = list(client.changes(kind="project", newest_first=True, limit=3))

    assert [each["position"] for each in found] == [9, 8, 7]
    assert [each.query.get("before") for each in script.asked] == [None, "8"]
    assert [each.query["limit"] for each in script.asked] == ["3", "1"]
    assert script.asked[0].query["newest_first"] == "true"


def test_changes_that_are_no_longer_kept_are_an_error_of_their_own() -> None:
    with serving(problem(410, "forgotten", position=70)) as script, Client(script.url) as client, pytest.raises(Forgotten) as caught:
        list(client.changes(after=5))

    assert caught.value.position == 70


def test_changes_can_be_awaited() -> None:
    async def run(url: str) -> list[int]:
        async with AsyncClient(url) as client:
            return [each["position"] async for each in client.changes()]

    with serving(page(1, following=1), page(2, following=None)) as script:
        assert asyncio.run(run(script.url)) == [1, 2]
