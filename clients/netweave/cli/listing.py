"""`netweave list`: the objects of a kind."""

from typing import Annotated

import typer

from netweave import Selection
from netweave.cli.exits import Usage
from netweave.cli.kinds import kind_of, uuid_in
from netweave.cli.options import LOCAL, ApiUrl, Format, KindWord, Output, connect
from netweave.cli.output import chosen, write_rows

Parent = Annotated[str | None, typer.Option("--parent", help="Only children of this object: its fq_name joined by colons, or its uuid.")]
BackRef = Annotated[str | None, typer.Option("--refers-to", metavar="UUID", help="Only objects with a ref to this one.")]
Filters = Annotated[list[str] | None, typer.Option("--filter", metavar="PROPERTY==VALUE", help="Only with this value; may be repeated.")]
Fields = Annotated[str | None, typer.Option("--fields", help="Also these properties and links, separated by commas.")]
Detail = Annotated[bool, typer.Option("--detail", help="Whole objects, in the form that `apply` reads.")]
Count = Annotated[bool, typer.Option("--count", help="Only how many there are.")]


def list_(
    kind: KindWord,
    output: Output = None,
    parent: Parent = None,
    refers_to: BackRef = None,
    filter_: Filters = None,
    fields: Fields = None,
    detail: Detail = False,
    count: Count = False,
    api_url: ApiUrl = LOCAL,
) -> None:
    """List the objects of a kind."""
    kind, form = kind_of(kind), chosen(output)
    whole = detail or form in {Format.WIDE, Format.CSV}
    selection = Selection(detail=whole, **_parent(parent))
    if refers_to:
        selection["back_ref_id"] = refers_to
    if filter_:
        selection["filters"] = _filters(filter_)
    if fields:
        selection["fields"] = fields.split(",")
    with connect(api_url) as client:
        if count:
            typer.echo(client.count(kind, **selection))
        else:
            write_rows(kind, client.list(kind, **selection), form, wrapped=whole)


def _parent(parent: str | None) -> Selection:
    if parent is None:
        return {}
    uuid = uuid_in(parent)
    return {"parent_id": uuid} if uuid else {"parent_fq_name": parent}


def _filters(terms: list[str]) -> str:
    for term in terms:
        if "==" not in term:
            raise Usage(f"--filter {term!r}: expected property==value")
    return ",".join(terms)
