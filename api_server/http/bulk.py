"""Many writes in one transaction, all or none: `POST /v2/bulk`, and `POST /sync` as the Go server has it (contract 1.15)."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest, UnknownId, UnknownName
from api_server.http.admission import admit_to
from api_server.http.answers import created_answer, updated_answer
from api_server.http.documents import parse_create
from api_server.http.entries import CREATE, DELETE, REF_UPDATE, UPDATE, Entry, in_order, parse_entries, placed
from api_server.http.refs import change_ref, parse_ref_change
from api_server.http.requests import base_of, caller_of, json_response, object_of, server_of, write_in
from api_server.http.resources import delete_in, update_in
from api_server.http.views import fields_of
from api_server.ipam.macs import macs_of, refuse_shared, take_turns
from api_server.model.caller import READ
from api_server.model.placement import Placement
from api_server.model.resource import Resource, is_uuid
from api_server.transaction import Transaction

Answer = dict[str, Any]

METHODS = {CREATE: "POST", UPDATE: "PUT", DELETE: "DELETE"}
# What names the object of an update, and is no change of it.
NAMES = {"uuid", "fq_name"}
# After so many creates other requests of the process get their turn.
TURN = 32


async def bulk(request: Request) -> Response:
    """What each entry's own call would answer, in the order of the entries; of what is made also the `fields` that were asked for."""
    fields = fields_of(request.query_params.get("fields")) or frozenset()
    answers = [answer for _, answer in await _carried_out(request, fields)]
    return json_response(orjson.dumps({"results": answers}))


async def sync(request: Request) -> Response:
    """The same as the list of events that the Go server answers."""
    events = [
        {
            "kind": entry.kind.snake,
            "operation": entry.operation.upper(),
            "data": answer.get(entry.kind.name) or _named(entry),
        }
        for entry, answer in await _carried_out(request)
    ]
    return json_response(orjson.dumps(events))


def _named(entry: Entry) -> Answer:
    return {name: value for name, value in entry.data.items() if name in NAMES}


async def _carried_out(request: Request, fields: frozenset[str] = frozenset()) -> list[tuple[Entry, Answer]]:
    entries = parse_entries(server_of(request).catalog, await object_of(request))
    await _admit(request, entries)
    ordered, base = in_order(entries), base_of(request)

    async def work(tx: Transaction) -> dict[int, Answer]:
        return await _carry_out(tx, ordered, base, fields)

    answers = await write_in(request, work)
    return [(entry, answers[entry.index]) for entry in entries]


async def _admit(request: Request, entries: Sequence[Entry]) -> None:
    """What the route is to a single call: the rules let the caller do each of these (contract 5.4)."""
    if caller_of(request).admin:
        return
    for entry in entries:
        with placed(entry):
            if entry.operation == REF_UPDATE:
                await server_of(request).gate.admit(caller_of(request), "POST", REF_UPDATE, ())
            else:
                fields = [name for name, value in entry.data.items() if value is not None or entry.operation == UPDATE]
                await admit_to(request, METHODS[entry.operation], entry.kind, fields)


async def _carry_out(tx: Transaction, entries: Sequence[Entry], base: str, fields: frozenset[str]) -> dict[int, Answer]:
    """Do what each entry says, in turn; the answers by index."""
    new = dict(_parsed(tx, entries))
    await tx.expect(new.values())
    await _hold(tx, [entry for entry in entries if entry.operation != CREATE])
    ports = [new[entry.index][0] for entry in entries if entry.unique_mac]
    await take_turns(tx, ((network, mac) for port in ports if (network := _network_of(tx, port)) for mac in macs_of(port)))
    answers: dict[int, Answer] = {}
    for creates, some in groupby(entries, key=lambda entry: entry.operation == CREATE):
        run = list(some)
        if creates:
            await _create(tx, run, new)
            answers |= {entry.index: {entry.kind.name: created_answer(new[entry.index][0], base, fields)} for entry in run}
        else:
            for entry in run:
                with placed(entry):
                    answers[entry.index] = await _change(tx, entry, base)
    return answers


def _parsed(tx: Transaction, entries: Sequence[Entry]) -> Iterator[tuple[int, tuple[Resource, Placement]]]:
    for entry in entries:
        if entry.operation == CREATE:
            with placed(entry):
                yield entry.index, parse_create(tx.catalog, entry.kind, {entry.kind.name: entry.data}, tx.caller)


async def _hold(tx: Transaction, changed: Sequence[Entry]) -> None:
    """Lock what is there of the objects to change, all at once: of two requests one waits for the other, and never each for each."""
    await tx.look_up([(entry.kind.name, entry.fq_name) for entry in changed if not entry.data.get("uuid")], [])
    ends = [tx.known.named(entry.kind.name, entry.fq_name) for entry in changed if not entry.data.get("uuid")]
    given = [str(uuid) for entry in changed if is_uuid(uuid := entry.data.get("uuid"))]
    await tx.lock([*given, *(end.uuid for end in ends if end)])


async def _create(tx: Transaction, run: Sequence[Entry], new: dict[int, tuple[Resource, Placement]]) -> None:
    coming = [new[entry.index][0] for entry in run]
    foreseen = 0
    for count, entry in enumerate(run):
        if count == foreseen:
            foreseen += await tx.foresee(coming[count:])
        with placed(entry):
            if entry.unique_mac and (network := _network_of(tx, coming[count])):
                await refuse_shared(tx, network, coming[count])
            await tx.create(*new[entry.index])
        if count % TURN == TURN - 1:
            await asyncio.sleep(0)


def _network_of(tx: Transaction, port: Resource) -> str | None:
    """The uuid of a new port's network, once that exists."""
    ends = [tx.known.target(ref) for ref in port.refs_to("virtual-network")]
    return next((end.uuid for end in ends if end), None)


async def _change(tx: Transaction, entry: Entry, base: str) -> Answer:
    uuid = await _uuid_of(tx, entry)
    if entry.operation == DELETE:
        await delete_in(tx, entry.kind, uuid)
        return {}
    if entry.operation == UPDATE:
        if entry.data.keys() <= NAMES:
            tx.permitted(READ, await tx.get(entry.kind.name, uuid))
            return {}
        await update_in(tx, entry.kind, uuid, entry.data)
        return {entry.kind.name: updated_answer(entry.kind, uuid, base)}
    await change_ref(tx, parse_ref_change(tx.catalog, {**entry.data, "type": entry.kind.name, "uuid": uuid}))
    return {"uuid": uuid}


async def _uuid_of(tx: Transaction, entry: Entry) -> str:
    uuid = entry.data.get("uuid")
    if uuid:
        if not is_uuid(uuid):
            raise UnknownId(str(uuid)[:200])
        return str(uuid)
    if not entry.fq_name:
        raise BadRequest(f"uuid or fq_name must say which {entry.kind.name} is meant", field="uuid")
    end = await tx.end_of(entry.kind.name, entry.fq_name)
    if end is None:
        raise UnknownName(entry.fq_name)
    return end.uuid
