"""`netweave apply`: make the server hold what files describe."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from netweave import Client, Document, VncError
from netweave.cli.bundle import Item, items_in, ordered
from netweave.cli.options import LOCAL, ApiUrl, Output, connect
from netweave.cli.output import chosen
from netweave.cli.plan import Step, plan
from netweave.cli.report import report, summary

# As many as fit in one query everywhere (contract 1.2).
CHUNK = 25

Files = Annotated[list[Path], typer.Option("--file", "-f", help="A YAML or JSON file, a folder of them, or - for stdin; may be repeated.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done and do nothing.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no summary.")]


def apply(file: Files, output: Output = None, dry_run: DryRun = False, quiet: Quiet = False, api_url: ApiUrl = LOCAL) -> None:
    """Create or update whatever some files describe: documents {KIND: {...}}, or lists of these, parents and targets of refs first."""
    items, done = items_in(file), list[Step]()
    try:
        with connect(api_url) as client, _progress(quiet=quiet) as progress:
            steps = plan(ordered(items), _found(client, progress, items))
            for step in steps if dry_run else _carried_out(client, progress, steps):
                done.append(step)
    except VncError:
        # What was done before stays done: say so.
        if done:
            report(done, chosen(output))
        raise
    report(done, chosen(output))
    if not quiet:
        typer.echo(summary(done, dry_run=dry_run), err=True)


def _found(client: Client, progress: Progress, items: list[Item]) -> dict[Item, Document]:
    """The items that the server has already, as it has them."""
    found: dict[Item, Document] = {}
    chunks = [(kind, group[start : start + CHUNK]) for kind, group in _by_kind(items).items() for start in range(0, len(group), CHUNK)]
    for kind, chunk in progress.track(chunks, description="comparing"):
        with _telling(chunk[0]):
            names, uuids = [item.name for item in chunk if item.name], [item.uuid for item in chunk if item.uuid and not item.name]
            rows = client.list(kind, detail=True, fq_names=names or None, obj_uuids=uuids or None)
        by_name, by_uuid = {tuple(row["fq_name"]): row for row in rows}, {row["uuid"]: row for row in rows}
        found |= {item: row for item in chunk if (row := by_name.get(item.name) if item.name else by_uuid.get(str(item.uuid)))}
    return found


def _by_kind(items: Iterable[Item]) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.kind, []).append(item)
    return groups


def _carried_out(client: Client, progress: Progress, steps: list[Step]) -> Iterator[Step]:
    """The steps, each as soon as it is done; refs within a circle are set at the end."""
    uuids: dict[Step, str] = {}
    for step in progress.track(steps, description="applying"):
        with _telling(step.item):
            uuids[step] = _carry_out(client, step)
        yield step
    for step in steps:
        if step.later:
            with _telling(step.item):
                client.update(step.item.kind, uuids[step], step.later)


def _carry_out(client: Client, step: Step) -> str:
    if step.uuid is None:
        return str(client.create(step.item.kind, step.body)["uuid"])
    if step.body:
        client.update(step.item.kind, step.uuid, step.body)
    return step.uuid


@contextmanager
def _telling(item: Item) -> Iterator[None]:
    """Add to an error which item it was met at."""
    try:
        yield
    except VncError as error:
        error.add_note(f"at {item}, from {item.where}")
        raise


def _progress(*, quiet: bool) -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
