"""`netweave changes`: who did what, and when."""

import json
from typing import Annotated, Any

import typer

from netweave import Document
from netweave._watch import Asked
from netweave.cli.columns import name
from netweave.cli.kinds import kind_of, uuid_of
from netweave.cli.options import KIND_HELP, LOCAL, ApiUrl, Format, Output, connect
from netweave.cli.output import chosen, write_lines, write_table, write_value

Kind = Annotated[str | None, typer.Argument(metavar="[KIND]", help=KIND_HELP)]
Name = Annotated[str | None, typer.Argument(metavar="[NAME_OR_UUID]", help="Only of this object; of one that is gone, its uuid.")]
Actor = Annotated[str | None, typer.Option("--actor", help="Only by this user.")]
RequestId = Annotated[str | None, typer.Option("--request-id", help="Only by this request.")]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="From this moment on, such as 2024-05-01T10:11, in UTC.")]
After = Annotated[int | None, typer.Option("--after", metavar="POSITION", min=0, help="After this position.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]


def changes(
    kind: Kind = None,
    name_or_uuid: Name = None,
    output: Output = None,
    actor: Actor = None,
    request_id: RequestId = None,
    since: Since = None,
    after: After = None,
    limit: Limit = 100,
    api_url: ApiUrl = LOCAL,
) -> None:
    """Show who did what, and when: the latest first, or from --since or --after on in the order in which it was done."""
    form = chosen(output)
    asked: Asked = {"newest_first": since is None and after is None}
    with connect(api_url) as client:
        if kind:
            asked["kind"] = kind_of(kind)
        if kind and name_or_uuid:
            asked["uuid"] = uuid_of(client, kind_of(kind), name_or_uuid)
        if actor:
            asked["actor"] = actor
        if request_id:
            asked["request_id"] = request_id
        if since:
            asked["since"] = since
        if after is not None:
            asked["after"] = after
        found = list(client.changes(limit=limit, **asked))
    if form in {Format.JSON, Format.YAML}:
        write_value(found, form)
    elif form is Format.NAME:
        write_lines(map(name, found))
    else:
        write_table(["POSITION", "TIME", "ACTOR", "OPERATION", "KIND", "NAME", "CHANGED"], [_row(one) for one in found])


def _row(change: Document) -> list[str]:
    head = [str(change["position"]), change["at"].split(".")[0], change["actor"], change["operation"], change["kind"], name(change)]
    return [*head, ", ".join(changed(change["before"], change["after"]))]


def changed(before: Document | None, after: Document | None) -> list[str]:
    """The names of what differs; nothing where an object came or went."""
    if before is None or after is None:
        return []
    return sorted(key for key in before.keys() | after.keys() if _stable(key, before) != _stable(key, after))


def _stable(key: str, document: Document) -> Any:
    """Its value, without the time of the last write, which differs always."""
    value = document.get(key)
    if key == "id_perms" and isinstance(value, dict):
        value = {name: each for name, each in value.items() if name != "last_modified"}
    return json.dumps(value, sort_keys=True)
