"""The steps of a plan carried out: many in one request, all or none of them, or one after the other where the server cannot do that."""

from collections.abc import Iterable, Iterator, Sequence

from rich.progress import Progress

from netweave import Client, Document, Refused
from netweave.cli.bundle import Item
from netweave.cli.compare import telling
from netweave.cli.plan import Step

# Few enough that nobody waits long for their names, many enough that one request more does not matter.
LARGEST = 1000

Entry = tuple[Item, Document]


class NoBulkError(Exception):
    """The server has no `/v2/bulk`."""


def carried_out(client: Client, progress: Progress, steps: Sequence[Step]) -> Iterator[Step]:
    """The steps, each once it is done; refs within a circle are set at the end."""
    chunks = [steps[start : start + LARGEST] for start in range(0, len(steps), LARGEST)]
    task = progress.add_task("applying", total=len(steps))
    for number, chunk in enumerate(chunks, 1):
        entries = [*_now(chunk), *(_later(steps) if number == len(chunks) else ())]
        try:
            _send(client, entries, dry_run=False)
        except NoBulkError:
            # The first request tells.
            yield from _one_by_one(client, progress, steps)
            return
        progress.advance(task, len(chunk))
        yield from chunk


def rehearsed(client: Client, steps: Sequence[Step]) -> bool:
    """Have the server check the steps, all together, and keep nothing; false if it cannot."""
    try:
        _send(client, [*_now(steps), *_later(steps)], dry_run=True)
    except NoBulkError:
        return False
    return True


def _send(client: Client, entries: Sequence[Entry], *, dry_run: bool) -> None:
    if not entries:
        return
    try:
        client.bulk((document for _, document in entries), dry_run=dry_run)
    except Refused as error:
        at = error.facts.get("entry")
        if not isinstance(at, dict):
            if error.status in {404, 405}:
                raise NoBulkError from error
            raise
        with telling(entries[at["index"]][0]):
            raise


def _now(steps: Iterable[Step]) -> Iterator[Entry]:
    for step in steps:
        if step.uuid is None:
            yield step.item, {"kind": step.item.kind, "operation": "create", "data": step.body}
        elif step.body:
            yield step.item, {"kind": step.item.kind, "operation": "update", "data": {**step.body, "uuid": step.uuid}}


def _later(steps: Iterable[Step]) -> Iterator[Entry]:
    for step in steps:
        if step.later:
            who = {"uuid": step.uuid} if step.uuid else {"fq_name": list(step.item.name)}
            yield step.item, {"kind": step.item.kind, "operation": "update", "data": {**step.later, **who}}


def _one_by_one(client: Client, progress: Progress, steps: Sequence[Step]) -> Iterator[Step]:
    uuids: dict[Step, str] = {}
    for step in progress.track(steps, description="applying"):
        with telling(step.item):
            uuids[step] = _carry_out(client, step)
        yield step
    for step in steps:
        if step.later:
            with telling(step.item):
                client.update(step.item.kind, uuids[step], step.later)


def _carry_out(client: Client, step: Step) -> str:
    if step.uuid is None:
        return str(client.create(step.item.kind, step.body)["uuid"])
    if step.body:
        client.update(step.item.kind, step.uuid, step.body)
    return step.uuid
