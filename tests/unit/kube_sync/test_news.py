"""Hearing of what others do (4.1, 9.4): whom it wakes, and what happens where it cannot be heard."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import pytest

import netweave
from kube_sync.model.documents import annotations
from kube_sync.model.names import Names
from kube_sync.model.objects import DEFINITION, POD, Key
from kube_sync.reconcile.config import ConfigApi, Stream
from kube_sync.reconcile.news import LONG_PAUSE, PAUSE, News
from kube_sync.reconcile.own import REMEMBERED, Own
from tests.unit.kube_sync.fakes import FakeClock, settle

NAMES = Names("k8s")
BLUE, WEB = Key(DEFINITION, "default", "blue"), Key(POD, "default", "web-0")
OURS, STRANGERS = "default-domain:k8s-default:k8s-blue-pod-network", "default-domain:p:n"
Step = netweave.Event | Exception


def network(uuid: str, name: str, key: Key | None = None) -> dict[str, Any]:
    marks = annotations(NAMES.marks(*key)) if key else None
    return {"uuid": uuid, "fq_name": name.split(":"), "annotations": marks}


def told(name: Any, kind: str, document: dict[str, Any], position: int = 8) -> netweave.Event:
    return netweave.Event(name, kind, [document], position)


class Api:
    """Answers reads from lists and each watch from the next script; after the last there is silence."""

    def __init__(self, *scripts: Sequence[Step], newest: int | None = 7) -> None:
        self._scripts = list(scripts)
        self._newest = newest
        self.networks: list[dict[str, Any]] = []
        self.gone: list[dict[str, Any]] = []
        self.interfaces: list[dict[str, Any]] = []
        self.since: list[int] = []
        self.asked: list[dict[str, Any]] = []

    async def list(self, kind: str, **_: Any) -> list[dict[str, Any]]:
        return {"virtual-network": self.networks, "virtual-machine-interface": self.interfaces}.get(kind, [])

    async def watch(self, *_: str, since: int, **__: Any) -> AsyncIterator[netweave.Event]:
        self.since.append(since)
        for step in self._scripts.pop(0) if self._scripts else ():
            if isinstance(step, Exception):
                raise step
            yield step
        await asyncio.Event().wait()

    async def changes(self, **asked: Any) -> AsyncIterator[dict[str, Any]]:
        if asked.get("newest_first"):
            for position in [] if self._newest is None else [self._newest]:
                yield {"position": position}
            return
        self.asked.append(asked)
        for change in self.gone:
            yield change


class Listener:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def freed(self, networks: list[str]) -> None:
        self.heard.append(("freed", *networks))

    def named(self, name: str) -> None:
        self.heard.append(("named", name))

    def repair(self, key: Key) -> None:
        self.heard.append(("repair", key))

    def missed(self) -> None:
        self.heard.append("missed")


class Scene:
    def __init__(self, api: Api) -> None:
        self.api, self.clock, self.own, self.listener = api, FakeClock(), Own(), Listener()
        self.news = News(cast(ConfigApi, api), cast(Stream, api), NAMES, self.clock, self.own, self.listener)

    @property
    def heard(self) -> list[Any]:
        return self.listener.heard

    async def __aenter__(self) -> "Scene":
        self._heard = self.news.heard()
        await self._heard.__aenter__()
        await settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._heard.__aexit__(None, None, None)


async def test_networks_that_come_and_go_are_told_by_name_and_freed_names_with_them() -> None:
    api = Api([told("create", "virtual-network", network("b", STRANGERS)), told("delete", "virtual-network", {"uuid": "b"})])

    async with Scene(api) as scene:
        assert scene.heard == ["missed", *[("named", STRANGERS), ("freed", STRANGERS, "b")] * 2]
        assert scene.news.hears
        assert api.since == [7]


async def test_a_network_of_ours_that_others_change_or_remove_is_repaired_and_our_own_changes_are_not() -> None:
    changes = [told("update", "virtual-network", network("a", OURS, BLUE))] * 2
    api = Api([*changes, told("delete", "virtual-network", {"uuid": "a"})])
    api.networks = [network("a", OURS, BLUE)]
    scene = Scene(api)
    scene.own.note(["a"])

    async with scene:
        assert [heard for heard in scene.heard if heard[0] == "repair"] == [("repair", BLUE), ("repair", BLUE)]


async def test_objects_of_pods_that_others_delete_are_asked_for_together_and_told_as_pods_and_freed_addresses() -> None:
    deletes = [told("delete", "instance-ip", {"uuid": "i"}, 8), told("delete", "virtual-machine-interface", {"uuid": "v"}, 12)]
    api = Api([told("create", "instance-ip", {"uuid": "x"}), *deletes])
    address = {"virtual_network_refs": [{"uuid": "n"}], "virtual_machine_interface_refs": [{"uuid": "w"}]}
    api.gone = [
        {"uuid": "i", "kind": "instance-ip", "operation": "DELETE", "before": address},
        {"uuid": "v", "kind": "virtual-machine-interface", "operation": "DELETE", "before": network("v", "d:p:v", WEB)},
        {"uuid": "other", "kind": "instance-ip", "operation": "DELETE", "before": address},
        {"uuid": "i", "kind": "instance-ip", "operation": "CREATE", "before": None},
    ]
    api.interfaces = [network("w", "d:p:w", Key(POD, "default", "web-1"))]

    async with Scene(api) as scene:
        await scene.clock.advance(1)

        assert scene.heard[1:] == [("repair", WEB), ("repair", Key(POD, "default", "web-1")), ("freed", "n")]
        assert [(asked["after"], asked["before"]) for asked in api.asked] == [(7, 13)]


async def test_b24_what_the_worker_deletes_itself_is_asked_for_by_nobody() -> None:
    scene = Scene(Api([told("delete", "instance-ip", {"uuid": "i"})]))
    scene.own.note(["i"])

    async with scene:
        await scene.clock.advance(1)

        assert scene.heard == ["missed"]
        assert scene.api.asked == []


@pytest.mark.parametrize(
    ("failure", "pause", "since"),
    [
        (netweave.Unreachable("url", "GET /watch", "cut"), PAUSE, [7, 9]),
        (netweave.Forgotten("gone", status=410), PAUSE, [7, 7]),
        (netweave.Forbidden("no", status=403), LONG_PAUSE, [7, 7]),
    ],
)
async def test_where_it_ends_all_that_wait_are_looked_at_and_it_goes_on_from_where_it_can(
    failure: Exception, pause: float, since: list[int]
) -> None:
    api = Api([told("create", "instance-ip", {"uuid": "x"}, 9), failure])

    async with Scene(api) as scene:
        deaf = scene.news.hears
        await scene.clock.advance(pause)

        assert not deaf
        assert scene.news.hears
        assert scene.heard[:2] == ["missed", "missed"]
        assert api.since == since


async def test_where_changes_may_not_be_read_nobody_is_woken_for_that() -> None:
    class Deaf(Api):
        async def list(self, kind: str, **_: Any) -> list[dict[str, Any]]:
            raise netweave.Forbidden(f"no {kind} for you", status=403)

    async with Scene(Deaf()) as scene:
        await scene.clock.advance(10 * PAUSE)

        assert scene.heard == []
        assert not scene.news.hears
        assert scene.clock.slept == [LONG_PAUSE]


async def test_who_begins_before_anybody_looks_misses_nothing() -> None:
    scene = Scene(Api([told("create", "instance-ip", {"uuid": "x"})]))
    await scene.news.begin()

    async with scene:
        assert scene.heard == []
        assert scene.news.hears


async def test_a_database_without_changes_is_heard_from_its_beginning() -> None:
    async with Scene(Api(newest=None)) as scene:
        assert scene.api.since == [0]


def test_of_own_writes_the_oldest_are_forgotten_and_each_is_told_once() -> None:
    own = Own()
    own.note(str(at) for at in range(REMEMBERED + 1))

    assert [own.take("0"), own.take("1"), own.take("1")] == [False, True, False]
