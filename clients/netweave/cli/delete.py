"""`netweave delete`: remove objects."""

from typing import Annotated

import typer

from netweave import Client, NotFound
from netweave.cli.exits import Usage
from netweave.cli.kinds import kind_of, uuid_of
from netweave.cli.options import LOCAL, ApiUrl, KindWord, connect

Names = Annotated[list[str], typer.Argument(metavar="NAME_OR_UUID...", help="fq_names joined by colons, or uuids.")]
MissingOk = Annotated[bool, typer.Option("--missing-ok", help="An object that is not there is no error.")]

Match = Annotated[
    str | None, typer.Option("--if-match", metavar="ETAG", help="Only if the one object still has this ETag, its id_perms.last_modified.")
]


def delete(kind: KindWord, names: Names, missing_ok: MissingOk = False, if_match: Match = None, api_url: ApiUrl = LOCAL) -> None:
    """Remove objects, in the order given; the first one refused ends it."""
    kind = kind_of(kind)
    if if_match is not None and len(names) > 1:
        raise Usage("--if-match tells the state of one object: name one")
    with connect(api_url) as client:
        for name in names:
            _delete(client, kind, name, missing_ok=missing_ok, if_match=if_match)


def _delete(client: Client, kind: str, name: str, *, missing_ok: bool, if_match: str | None) -> None:
    try:
        client.delete(kind, uuid_of(client, kind, name), if_match=if_match)
    except NotFound:
        if not missing_ok:
            raise
        typer.echo(f"{kind} {name} was not there", err=True)
    else:
        typer.echo(f"{kind} {name} deleted", err=True)
