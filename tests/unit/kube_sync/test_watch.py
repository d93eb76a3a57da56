"""List and watch: every way in which a list or a watch can end, and what it costs (4.2, B29 to B35)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kube_sync.cluster.api import CredentialError, KubeError, RefusedError, UnreachedError
from kube_sync.cluster.cache import Cache
from kube_sync.cluster.watch import SILENCE, SILENT_CLOSES, ListWatch, Resource
from kube_sync.model.objects import Key, Pod, pod_of
from tests.unit.kube_sync.fakes import FakeClock, settle

FUTURE = "v-of-the-future"
PODS = Resource("/api/v1/pods", pod_of, "spec.nodeName!=")


def wire(name: str, version: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "default", "uid": f"uid-of-{name}", "resourceVersion": version}}


def event(kind: str, name: str, version: str) -> bytes:
    return json.dumps({"type": kind, "object": wire(name, version)}).encode()


def error(code: int, reason: str = "", message: str = "") -> bytes:
    return json.dumps({"type": "ERROR", "object": {"code": code, "reason": reason, "message": message}}).encode()


def page(*names: str, version: str = "v1", token: str = "") -> dict[str, Any]:
    return {"metadata": {"resourceVersion": version, "continue": token}, "items": [wire(name, f"of-{name}") for name in names]}


class Script:
    """A Feed that plays answers in order; when there are no more, the watch stays open."""

    def __init__(
        self, lists: list[dict[str, Any] | bytes | KubeError], watches: list[list[bytes] | KubeError | None] | None = None
    ) -> None:
        self.lists = lists
        self.watches = watches or []
        self.asked: list[dict[str, str]] = []
        self.probed: list[str] = []

    async def read(self, path: str, **query: str) -> bytes:
        if query.get("resourceVersionMatch") == "NotOlderThan":
            self.probed.append(query["resourceVersion"])
            return self._probed(query["resourceVersion"])
        self.asked.append({"path": path, **query})
        if not self.lists:
            await asyncio.Event().wait()
        answer = self.lists.pop(0)
        if isinstance(answer, KubeError):
            raise answer
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    def _probed(self, version: str) -> bytes:
        if version == FUTURE:
            raise RefusedError("Timeout: Too large resource version: 9, current: 3", status=504, reason="Timeout")
        return json.dumps(page()).encode()

    @asynccontextmanager
    async def watch(self, path: str, **query: str) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked.append({"path": path, **query})
        answer: list[bytes] | KubeError | None = self.watches.pop(0) if self.watches else None
        if isinstance(answer, KubeError):
            raise answer
        yield self._lines(answer)

    async def _lines(self, lines: list[bytes] | None) -> AsyncIterator[bytes]:
        for line in lines or []:
            yield line
        if lines is None:
            await asyncio.Event().wait()

    @property
    def versions(self) -> list[str | None]:
        """The version each watch began at; a list is None."""
        return [query.get("resourceVersion") for query in self.asked]


class Run:
    """A list+watch over a script."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.clock = FakeClock()
        self.heard: list[str] = []
        self.cache: Cache[Pod] = Cache(self._hear)
        self.refused: list[int] = []
        self.following = ListWatch(script, PODS, self.cache, self.clock, on_refused=self._on_refused)
        self.watched = self.following.watched

    def _hear(self, key: Key, _old: Pod | None, new: Pod | None) -> None:
        self.heard.append(("+" if new else "-") + key.name)

    async def _on_refused(self, why: RefusedError) -> None:
        self.refused.append(why.status)

    async def play(self) -> None:
        """Let time pass until the script is over."""
        await settle()
        for _ in range(100):
            if not (self.script.lists or self.script.watches):
                break
            await self.clock.pass_next()
            await settle()
        await self.clock.advance(40)


@asynccontextmanager
async def running(
    lists: list[dict[str, Any] | bytes | KubeError], watches: list[list[bytes] | KubeError | None] | None = None
) -> AsyncIterator[Run]:
    run = Run(Script(lists, watches))
    task = asyncio.create_task(run.following.run())
    try:
        yield run
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ran(lists: list[dict[str, Any] | bytes | KubeError], watches: list[list[bytes] | KubeError | None] | None = None) -> Run:
    """One that ran until nothing more happened."""
    async with running(lists, watches) as run:
        await run.play()
    return run


async def test_a_list_is_read_page_by_page_and_never_from_the_past() -> None:
    run = await ran([page("a", token="next"), page("b", version="v2")])

    assert sorted(run.heard) == ["+a", "+b"]
    assert [query.get("continue") for query in run.script.asked[:2]] == [None, "next"]
    assert run.script.versions == [None, None, "v2"]
    assert run.script.asked[2]["allowWatchBookmarks"] == "true"
    assert {query["fieldSelector"] for query in run.script.asked} == {"spec.nodeName!="}


async def test_nothing_is_told_before_the_last_page() -> None:
    run = await ran([page("a", token="next"), RefusedError("expired", status=410, reason="Expired"), page("b")])

    assert run.heard == ["+b"]


async def test_a_closed_watch_goes_on_where_it_was_bookmarks_included() -> None:
    run = await ran([page()], [[event("ADDED", "a", "v2")], [event("BOOKMARK", "", "v3")], [event("DELETED", "a", "v4")]])

    assert run.script.versions == [None, "v1", "v2", "v3", "v4"]
    assert run.heard == ["+a", "-a"]


@pytest.mark.parametrize(
    "gone",
    [
        RefusedError("too old", status=410),
        RefusedError("too old", status=500, reason="Expired"),
        [error(410, "Expired", "too old resource version")],
        RefusedError("Too large resource version: 9", status=504, reason="Timeout"),
        [error(504, "Timeout", "Too large resource version: 9")],
    ],
    ids=["410", "Expired", "410 event", "from the future", "from the future by event"],
)
async def test_a_version_that_is_gone_costs_one_list(gone: list[bytes] | KubeError) -> None:
    run = await ran([page("a", "b"), page("b", "c", version="v9")], [gone])

    assert run.script.versions == [None, "v1", None, "v9"]
    assert sorted(run.heard) == ["+a", "+b", "+c", "-a"]


async def test_watches_that_close_without_a_word_end_in_a_list() -> None:
    silent: list[list[bytes] | KubeError | None] = [[] for _ in range(SILENT_CLOSES)]
    run = await ran([page(), page(version="v2")], silent)

    assert run.script.versions == [None, *["v1"] * SILENT_CLOSES, None, "v2"]


@pytest.mark.parametrize("line", [b'{"type": "ADDED", "obj', b"[]"], ids=["cut off", "no event"])
async def test_b35_a_broken_line_resumes_from_the_last_whole_one(line: bytes) -> None:
    run = await ran([page()], [[event("ADDED", "a", "v2"), line]])

    assert run.script.versions == [None, "v1", "v2"]
    assert run.watched.restarts["unreadable"] == 1


async def test_an_answer_that_is_no_list_is_asked_for_again() -> None:
    run = await ran([b"<html>sign in first</html>", page("a")])

    assert run.heard == ["+a"]


async def test_b29_a_server_that_is_down_is_asked_ever_more_seldom_and_not_listed_again() -> None:
    down: list[list[bytes] | KubeError | None] = [UnreachedError("down", "refused") for _ in range(8)]
    run = await ran([page()], down)

    assert run.script.versions == [None, *["v1"] * 9]
    pauses = [seconds for seconds in run.clock.slept if seconds < SILENCE]
    assert max(pauses) <= 30 * 1.2
    # Three of these find four times in the first 20 s that nobody is there.
    assert sum(pauses[:4]) > 9
    assert sum(pauses[:5]) > 19


async def test_pauses_are_short_again_after_two_good_minutes() -> None:
    async with running([page()], [UnreachedError("down", "refused")] * 5) as run:
        await run.play()
        await run.clock.advance(110)
        run.script.watches = [UnreachedError("down", "refused")]
        await run.clock.advance(SILENCE)

    assert min(run.clock.slept[-4:]) < 0.8 * 1.2


async def test_b33_silence_ends_a_watch_and_shows_before_it_does() -> None:
    async with running([page()], [None, None]) as run:
        await run.clock.advance(SILENCE - 1)
        age = run.watched.age
        watches = len(run.script.asked) - 1
        await run.clock.advance(2)

    assert (age, watches) == (SILENCE - 1, 1)
    assert run.script.versions == [None, "v1", "v1"]
    assert run.watched.restarts["silent"] == 1


async def test_b34_a_server_that_came_back_from_a_backup_is_listed_again() -> None:
    run = await ran([page("a", "b"), page("a", version="v3")], [[event("BOOKMARK", "", FUTURE)], UnreachedError("down", "reset")])

    assert run.script.probed == [FUTURE]
    assert run.script.versions == [None, "v1", FUTURE, None, "v3"]
    assert run.heard[-1] == "-b"


@pytest.mark.parametrize(
    ("why", "pause"),
    [
        (RefusedError("busy", status=429, retry_after=7), 7),
        (RefusedError("busy", status=503, retry_after=9), 9),
        (RefusedError("forbidden", status=403, reason="Forbidden"), 30),
        (RefusedError("who are you", status=401, reason="Unauthorized"), 30),
        (CredentialError("the token's file is gone"), 30),
        (RefusedError("on for ever", status=429, retry_after=1e9), 600),
    ],
    ids=["429", "503", "403", "second 401", "no credentials", "far too long"],
)
async def test_a_refusal_gets_the_time_it_deserves(why: KubeError, pause: float) -> None:
    run = await ran([why, page("a")])

    assert run.clock.slept[0] == pause
    assert run.heard == ["+a"]


async def test_a_server_that_keeps_asking_for_a_second_is_asked_ever_more_seldom() -> None:
    run = await ran([*[RefusedError("busy", status=429, retry_after=1) for _ in range(6)], page()])

    assert run.clock.slept[5] > 0.8 * 25


@pytest.mark.parametrize("status", [403, 404])
async def test_what_may_not_or_cannot_be_listed_is_told_each_time(status: int) -> None:
    run = await ran([*[RefusedError("no", status=status) for _ in range(2)], page("a")])

    assert run.refused == [status, status]
    assert run.heard == ["+a"]


async def test_b01_a_collection_that_vanishes_empties_no_cache_and_is_listed_when_it_is_back() -> None:
    absent = RefusedError("the server could not find the requested resource", status=404, reason="NotFound")
    async with running([page("a", "b"), absent, page("b", version="v9")], [absent]) as run:
        await run.clock.advance(1.5)
        meanwhile = len(run.cache)
        await run.play()

    assert meanwhile == 2
    assert run.refused == [404, 404]
    assert run.script.versions[-2:] == [None, "v9"]
    assert run.heard[-1] == "-a"


async def test_an_object_that_cannot_be_read_is_left_out() -> None:
    listed = page("a")
    listed["items"].append({"metadata": {"name": 7}})
    run = await ran(
        [listed],
        [[b'{"type": "ADDED", "object": {"metadata": {"name": 7, "resourceVersion": "v2"}}}'], [event("ADDED", "b", "v3")]],
    )

    assert run.heard == ["+a", "+b"]
    assert run.script.versions == [None, "v1", "v2", "v3"]


async def test_what_did_not_change_is_kept_once_when_it_is_listed_again() -> None:
    async with running([page("a"), page("a", version="v2")], [[error(410)]]) as run:
        await settle()
        before = run.cache.get(Key("Pod", "default", "a"))
        await run.play()

    assert run.cache.get(Key("Pod", "default", "a")) is before
    assert run.heard == ["+a"]


async def test_what_was_heard_is_counted() -> None:
    run = await ran([page("a"), page("a", "b")], [[event("ADDED", "c", "v2"), event("BOOKMARK", "", "v3")], [error(410)]])

    assert (run.watched.resource, run.watched.synced, run.watched.size) == ("pods", True, 2)
    assert (run.watched.lists, run.watched.events) == (2, 2)
    assert run.watched.restarts == {"closed": 1, "expired": 1}
