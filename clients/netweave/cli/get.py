"""`netweave get`: one object."""

from typing import Annotated

import typer

from netweave.cli.kinds import kind_of, uuid_of
from netweave.cli.options import LOCAL, ApiUrl, KindWord, Output, connect
from netweave.cli.output import chosen, write_one

NameOrUuid = Annotated[str, typer.Argument(metavar="NAME_OR_UUID", help="The fq_name joined by colons, or the uuid.")]
Fields = Annotated[str | None, typer.Option("--fields", help="Only these properties and links, separated by commas.")]


def get(kind: KindWord, name: NameOrUuid, output: Output = None, fields: Fields = None, api_url: ApiUrl = LOCAL) -> None:
    """Show one object, with its refs, children and back refs."""
    kind = kind_of(kind)
    with connect(api_url) as client:
        document = client.read(kind, uuid_of(client, kind, name), fields.split(",") if fields else None)
    write_one(kind, document, chosen(output))
