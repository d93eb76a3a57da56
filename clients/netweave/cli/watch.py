"""`netweave watch`: objects, and what happens to them, one line each, as it happens."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import typer

from netweave import Event
from netweave.cli.columns import name
from netweave.cli.exits import Usage
from netweave.cli.kinds import ALIASES, kind_of, offered
from netweave.cli.options import LOCAL, ApiUrl, Format, Output, connect
from netweave.cli.output import chosen, printable

KINDS_HELP = f"Kinds, such as virtual-network, or their short names: {', '.join(ALIASES)}."
Kinds = Annotated[list[str], typer.Argument(metavar="KIND...", help=KINDS_HELP, autocompletion=offered)]
Since = Annotated[int | None, typer.Option("--since", metavar="POSITION", min=0, help="Only what happened after this position.")]
Fields = Annotated[str | None, typer.Option("--fields", help="Only these properties and links, separated by commas.")]
Events = Annotated[int | None, typer.Option("--events", metavar="N", min=0, help="Leave after so many; the objects that are there count.")]


def watch(
    kinds: Kinds, output: Output = None, since: Since = None, fields: Fields = None, events: Events = None, api_url: ApiUrl = LOCAL
) -> None:
    """Show objects, and what happens to them, as it happens, until Ctrl-C."""
    form = chosen(output)
    if form not in {Format.TABLE, Format.JSON}:
        raise Usage(f"watch -o {form}: expected table or json")
    names = [kind_of(kind) for kind in kinds]
    known: dict[str, str] = {}
    with connect(api_url) as client:
        wanted = {kind: fields.split(",") for kind in names} if fields else None
        try:
            for event, document in islice(_each(client.watch(*names, fields=wanted, since=since)), events):
                # A delete has no name any more.
                known[document["uuid"]] = name(document) or known.get(document["uuid"], "")
                typer.echo(_line(event, document, known[document["uuid"]]) if form is Format.TABLE else _json(event, document))
        except KeyboardInterrupt:
            return


def _each(events: Iterator[Event]) -> Iterator[tuple[Event, dict[str, Any]]]:
    for event in events:
        yield from ((event, document) for document in event.documents)


def _line(event: Event, document: dict[str, Any], shown: str) -> str:
    position = "" if event.position is None else str(event.position)
    return printable(f"{position:>9}  {event.name:<6}  {event.kind:<25}  {document['uuid']}  {shown}").rstrip()


def _json(event: Event, document: dict[str, Any]) -> str:
    told = {"event": event.name, "position": event.position, "kind": event.kind, "object": document}
    return json.dumps(told, ensure_ascii=False)
