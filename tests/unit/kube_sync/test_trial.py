"""Planned writes are tried by the server together with those before them, in as few requests as can be."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, cast

import pytest

import netweave
from kube_sync.rehearsal import trial
from kube_sync.rehearsal.trial import Trial

Entry = dict[str, Any]


class FakeServer:
    """Does everything but what is called bad; `broken` is raised once in place of an answer."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.bad: set[str] = set()
        self.broken: netweave.VncError | None = None

    async def bulk(self, entries: Iterable[Mapping[str, Any]], *, fields: Iterable[str], dry_run: bool) -> list[Entry]:
        assert dry_run
        assert fields
        names = [str(entry["data"]["name"]) for entry in entries]
        self.asked.append(names)
        await asyncio.sleep(0)
        if self.broken:
            why, self.broken = self.broken, None
            raise why
        for index, name in enumerate(names):
            if name in self.bad:
                facts = {"entry": {"index": index, "kind": "instance-ip"}, "free": 0}
                raise netweave.SubnetExhausted(f"entry {index} (create instance-ip {name}): none is free", status=400, facts=facts)
        return [{"instance-ip": {"name": name}} for name in names]


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def trying(server: FakeServer) -> Trial:
    return Trial(cast("netweave.AsyncClient", server))


def entries(*names: str, kind: str = "instance-ip") -> list[Entry]:
    return [{"kind": kind, "operation": "create", "data": {"name": name}} for name in names]


async def test_what_was_tried_before_is_tried_again_before_what_is_new(server: FakeServer, trying: Trial) -> None:
    first = await trying.of(entries("a", "b"))
    second = await trying.of(entries("c"))

    assert server.asked == [["a", "b"], ["a", "b", "c"]]
    assert [answer["instance-ip"]["name"] for answer in [*first, *second]] == ["a", "b", "c"]


async def test_those_that_come_while_one_is_tried_are_tried_together(server: FakeServer, trying: Trial) -> None:
    answers = await asyncio.gather(*(trying.of(entries(name)) for name in "abcd"))

    assert server.asked == [["a"], ["a", "b", "c", "d"]]
    assert [answer[0]["instance-ip"]["name"] for answer in answers] == ["a", "b", "c", "d"]


async def test_a_refusal_is_of_its_group_alone_and_reads_as_its_own_request_would(server: FakeServer, trying: Trial) -> None:
    server.bad = {"bad", "worse"}
    await trying.of(entries("a"))
    single, group, good = await asyncio.gather(
        *(trying.of(entries(*names)) for names in (["bad"], ["b", "worse"], ["c"])), return_exceptions=True
    )
    await trying.of(entries("d"))

    assert isinstance(single, netweave.SubnetExhausted)
    assert isinstance(group, netweave.SubnetExhausted)
    assert (str(single), single.facts["entry"]["index"], single.facts["free"]) == ("none is free", 0, 0)
    assert (str(group), group.facts["entry"]["index"]) == ("entry 1 (create instance-ip worse): none is free", 1)
    assert not isinstance(good, BaseException)
    assert server.asked[-1] == ["a", "c", "d"]


async def test_a_server_that_does_not_answer_is_told_to_all_and_nothing_is_taken_for_done(server: FakeServer, trying: Trial) -> None:
    server.broken = netweave.Unreachable("http://api", "POST /v2/bulk", "cut off")
    with pytest.raises(netweave.Unreachable):
        await trying.of(entries("a"))
    await trying.of(entries("b"))

    assert server.asked[-1] == ["b"]


async def test_a_caller_that_gives_up_keeps_nobody_waiting(server: FakeServer, trying: Trial) -> None:
    leaver = asyncio.create_task(trying.of(entries("a")))
    other = asyncio.create_task(trying.of(entries("b")))
    await asyncio.sleep(0)
    leaver.cancel()

    assert (await asyncio.wait_for(other, 5))[0]["instance-ip"]["name"] == "b"


async def test_a_plan_that_is_too_long_for_one_request_leaves_out_the_oldest_leaves(
    server: FakeServer, trying: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "MOST", 4)
    await trying.of(entries("network", kind="virtual-network"))
    for name in "abcde":
        await trying.of(entries(name))

    assert server.asked[-1] == ["network", "c", "d", "e"]
