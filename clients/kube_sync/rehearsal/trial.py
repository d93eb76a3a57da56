"""What the server would say of planned writes: they are tried in one transaction with those planned before, which is never kept."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

import netweave

Entry = Mapping[str, Any]
Group = tuple[Sequence[Entry], "asyncio.Future[list[netweave.Document]]"]

# The server takes no more in one request.
MOST = 10_000
# Of a longer plan these are left out, the oldest first: nothing planned later depends on them but through addresses.
LEAVES = {"virtual-machine", "virtual-machine-interface", "instance-ip"}
# What the server chooses where a document says nothing, and the worker reads.
DRAWN = ("virtual_machine_interface_mac_addresses", "instance_ip_address")
PLACE = re.compile(r"^entry \d+ \([^)]*\): ")


class Trial:
    """Groups of writes, each all or none; those that are asked about at the same time are tried in one request."""

    def __init__(self, api: netweave.AsyncClient) -> None:
        self._api = api
        self._done: list[Entry] = []
        self._waiting: list[Group] = []
        self._turn = asyncio.Lock()

    async def of(self, entries: Sequence[Entry]) -> list[netweave.Document]:
        """The answers, with what it would draw, if the server would do all after what it would have done before; else its refusal."""
        answer: asyncio.Future[list[netweave.Document]] = asyncio.get_running_loop().create_future()
        self._waiting.append((entries, answer))
        async with self._turn:
            if not answer.done():
                await self._round()
        return await answer

    async def _round(self) -> None:
        """Try all that wait; a group that is refused is told so, and the rest is tried without it."""
        groups, self._waiting = self._waiting, []
        try:
            while groups:
                sent = [entry for entries, _ in groups for entry in entries]
                self._make_room(len(sent))
                try:
                    answers = await self._api.bulk([*self._done, *sent], fields=DRAWN, dry_run=True)
                except netweave.Refused as why:
                    groups.remove(_refuse(groups, why, len(self._done)))
                else:
                    _answer(groups, answers[len(self._done) :])
                    self._done += sent
                    return
        except netweave.VncError as why:
            for _, answer in groups:
                answer.set_exception(why)
        finally:
            self._waiting[:0] = [group for group in groups if not group[1].done()]

    def _make_room(self, coming: int) -> None:
        surplus = len(self._done) + coming - MOST
        if surplus > 0:
            leaves = [at for at, entry in enumerate(self._done) if entry["kind"] in LEAVES][: max(surplus, MOST // 10)]
            left_out = set(leaves)
            self._done = [entry for at, entry in enumerate(self._done) if at not in left_out]


def _refuse(groups: list[Group], why: netweave.Refused, before: int) -> Group:
    """Tell the group that is at fault; if none is, the state has changed below the plan, and the refusal is raised."""
    index = (why.facts.get("entry") or {}).get("index")
    start = before
    for group in groups:
        entries, answer = group
        if isinstance(index, int) and start <= index < start + len(entries):
            answer.set_exception(_placed(why, index - start, alone=len(entries) == 1))
            return group
        start += len(entries)
    raise why


def _placed(why: netweave.Refused, index: int, *, alone: bool) -> netweave.Refused:
    """The refusal as the group's own request would have got it."""
    facts = {**why.facts, "entry": {**why.facts["entry"], "index": index}}
    text = PLACE.sub("", str(why)) if alone else re.sub(r"^entry \d+", f"entry {index}", str(why))
    return type(why)(text, status=why.status, code=why.code, facts=facts)


def _answer(groups: list[Group], answers: list[netweave.Document]) -> None:
    for entries, answer in groups:
        own, answers = answers[: len(entries)], answers[len(entries) :]
        if not answer.done():
            answer.set_result(own)
