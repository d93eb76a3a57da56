"""What some files want, beside what the server has."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from netweave import Client, Document, VncError
from netweave.cli.bundle import Item

# As many as fit in one query everywhere (contract 1.2).
CHUNK = 25


def found(client: Client, progress: Progress, items: list[Item]) -> dict[Item, Document]:
    """The items that the server has already, as it has them."""
    rows_of: dict[Item, Document] = {}
    chunks = [(kind, group[start : start + CHUNK]) for kind, group in _by_kind(items).items() for start in range(0, len(group), CHUNK)]
    for kind, chunk in progress.track(chunks, description="comparing"):
        with telling(chunk[0]):
            names, uuids = [item.name for item in chunk if item.name], [item.uuid for item in chunk if item.uuid and not item.name]
            rows = client.list(kind, detail=True, fq_names=names or None, obj_uuids=uuids or None)
        by_name, by_uuid = {tuple(row["fq_name"]): row for row in rows}, {row["uuid"]: row for row in rows}
        rows_of |= {item: row for item in chunk if (row := by_name.get(item.name) if item.name else by_uuid.get(str(item.uuid)))}
    return rows_of


def _by_kind(items: Iterable[Item]) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.kind, []).append(item)
    return groups


@contextmanager
def telling(item: Item) -> Iterator[None]:
    """Add to an error which item it was met at."""
    try:
        yield
    except VncError as error:
        error.add_note(f"at {item}, from {item.where}")
        raise


def progress_bar(*, quiet: bool) -> Progress:
    """How far it is, on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
