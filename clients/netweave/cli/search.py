"""`netweave search`: whatever a text names."""

from typing import Annotated, Any

import typer

from netweave.cli.kinds import kind_of
from netweave.cli.options import LOCAL, ApiUrl, Format, Output, connect
from netweave.cli.output import chosen, write_csv, write_lines, write_table, write_value

Text = Annotated[
    str, typer.Argument(metavar="TEXT", help="A name or part of one, a uuid or its beginning, an address, a MAC address, a prefix.")
]
Kinds = Annotated[str | None, typer.Option("--kinds", help="Only these kinds, separated by commas; short names will do.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="How many at most; 50 if it is not said.")]
COLUMNS = ("KIND", "NAME", "UUID", "FOUND BY", "VALUE", "SUBNET")


def search(text: Text, kinds: Kinds = None, limit: Limit = None, output: Output = None, api_url: ApiUrl = LOCAL) -> None:
    """Find objects by name, uuid, address, MAC address or prefix; the closest first."""
    form = chosen(output)
    with connect(api_url) as client:
        found = client.search(text, kinds=None if kinds is None else map(kind_of, kinds.split(",")), limit=limit)
    results: list[dict[str, Any]] = found["results"]
    if form in {Format.JSON, Format.YAML}:
        write_value(results, form)
    elif form is Format.NAME:
        write_lines(":".join(each["fq_name"]) for each in results)
    else:
        rows = [_cells(each) for each in results]
        write_csv(COLUMNS, rows) if form is Format.CSV else write_table(COLUMNS, rows)
    if found["more"]:
        typer.echo("there are more: --limit shows them", err=True)


def _cells(each: dict[str, Any]) -> list[str]:
    subnet = each.get("subnet") or {}
    return [
        each["kind"],
        ":".join(each["fq_name"]),
        each["uuid"],
        f"{each['match']} {each['field']}",
        each["value"],
        subnet.get("cidr", ""),
    ]
