"""List and watch: every way a watch can end, and what it costs (B29 to B35)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kube_sync.cluster.api import KubeError, RefusedError, UnreachedError
from kube_sync.cluster.cache import Cache
from kube_sync.cluster.watch import SILENT_CLOSES, ListWatch, Resource
from kube_sync.model.objects import Key, Pod, pod_of
from tests.unit.kube_sync.fakes import ImpatientClock, settle

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
    """A KubeApi that plays answers in order; when there are no more, the watch stays open."""

    def __init__(self, lists: list[dict[str, Any] | KubeError], watches: list[list[bytes] | KubeError] | None = None) -> None:
        self.lists = lists
        self.watches = watches or []
        self.asked: list[dict[str, str]] = []
        self.probed: list[str] = []

    async def get(self, path: str, **query: str) -> Any:
        if query.get("resourceVersionMatch") == "NotOlderThan":
            self.probed.append(query["resourceVersion"])
            return self._probed(query["resourceVersion"])
        self.asked.append({"path": path, **query})
        answer = self.lists.pop(0)
        if isinstance(answer, KubeError):
            raise answer
        return answer

    def _probed(self, version: str) -> dict[str, Any]:
        if version == FUTURE:
            raise RefusedError("Timeout: Too large resource version: 9, current: 3", status=504, reason="Timeout")
        return page()

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

    async def create(self, path: str, document: Any) -> Any:
        raise AssertionError(path, document)

    async def patch(self, path: str, document: Any) -> Any:
        raise AssertionError(path, document)

    @property
    def versions(self) -> list[str | None]:
        """The version each watch began at; a list is None."""
        return [query.get("resourceVersion") for query in self.asked]


class Run:
    """A list+watch that ran over a script until nothing more happened."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.clock = ImpatientClock()
        self.heard: list[str] = []
        self.cache: Cache[Pod] = Cache(self._hear)
        self.refused: list[int] = []

    def _hear(self, key: Key, _old: Pod | None, new: Pod | None) -> None:
        self.heard.append(("+" if new else "-") + key.name)

    async def _on_refused(self, why: RefusedError) -> None:
        self.refused.append(why.status)


async def ran(lists: list[dict[str, Any] | KubeError], watches: list[list[bytes] | KubeError] | None = None) -> Run:
    run = Run(Script(lists, watches))
    task = asyncio.create_task(ListWatch(run.script, PODS, run.cache, run.clock, run._on_refused).run())
    for _ in range(20):
        await settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
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
    silent: list[list[bytes] | KubeError] = [[] for _ in range(SILENT_CLOSES)]
    run = await ran([page(), page(version="v2")], silent)

    assert run.script.versions == [None, *["v1"] * SILENT_CLOSES, None, "v2"]


@pytest.mark.parametrize("line", [b'{"type": "ADDED", "obj', b"[]"], ids=["cut off", "no event"])
async def test_a_broken_line_resumes_from_the_last_whole_one(line: bytes) -> None:
    run = await ran([page()], [[event("ADDED", "a", "v2"), line]])

    assert run.script.versions == [None, "v1", "v2"]


async def test_a_server_that_is_down_is_asked_ever_more_seldom_and_not_listed_again() -> None:
    down: list[list[bytes] | KubeError] = [UnreachedError("down", "refused") for _ in range(8)]
    run = await ran([page()], down)

    assert run.script.versions == [None, *["v1"] * 9]
    assert max(run.clock.slept) <= 30 * 1.2
    assert sum(run.clock.slept[:5]) > 18


async def test_a_server_that_came_back_from_a_backup_is_listed_again() -> None:
    run = await ran([page("a", "b"), page("a", version="v3")], [[event("BOOKMARK", "", FUTURE)], UnreachedError("down", "reset")])

    assert run.script.probed == [FUTURE]
    assert run.script.versions == [None, "v1", FUTURE, None, "v3"]
    assert run.heard[-1] == "-b"


async def test_a_server_that_asks_for_time_gets_it() -> None:
    run = await ran([RefusedError("busy", status=429, retry_after=7), page()])

    assert run.clock.slept[0] == 7


async def test_what_may_not_be_listed_is_tried_again_slowly() -> None:
    run = await ran([RefusedError("forbidden", status=403, reason="Forbidden"), page("a")])

    assert run.clock.slept[0] == 30
    assert run.heard == ["+a"]


async def test_what_is_refused_is_told_to_whom_it_may_concern() -> None:
    run = await ran([RefusedError("not found", status=404, reason="NotFound"), page("a")])

    assert run.refused == [404]
    assert run.heard == ["+a"]


async def test_an_object_that_cannot_be_read_is_left_out() -> None:
    listed = page("a")
    listed["items"].append({"metadata": {"name": 7}})
    run = await ran(
        [listed], [[b'{"type": "ADDED", "object": {"metadata": {"name": 7, "resourceVersion": "v2"}}}', event("ADDED", "b", "v3")]]
    )

    assert run.heard == ["+a", "+b"]
