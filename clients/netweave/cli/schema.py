"""`netweave schema`: what a kind is made of."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from netweave.cli.kinds import kind_of, offered
from netweave.cli.options import LOCAL, ApiUrl, Format, Output, connect
from netweave.cli.output import chosen, write_csv, write_lines, write_table, write_value

Kind = Annotated[str | None, typer.Argument(metavar="[KIND]", help="A kind; all of them if it is left out.", autocompletion=offered)]
Row = list[str]


def schema(kind: Kind = None, output: Output = None, api_url: ApiUrl = LOCAL) -> None:
    """Show the properties and links of a kind, or every kind."""
    form = chosen(output)
    with connect(api_url) as client:
        found = client.schema(None if kind is None else kind_of(kind))
    if form in {Format.JSON, Format.YAML}:
        write_value(found, form)
        return
    headings, rows = (["KIND", "PARENTS"], _kinds(found)) if kind is None else (["NAME", "IS A", "OF"], _parts(found))
    if form is Format.NAME:
        write_lines(row[0] for row in rows)
    else:
        write_csv(headings, rows) if form is Format.CSV else write_table(headings, rows)


def _kinds(found: Mapping[str, Any]) -> list[Row]:
    return [[kind["name"], ", ".join(kind["parents"])] for kind in found["kinds"]]


def _parts(found: Mapping[str, Any]) -> list[Row]:
    """Properties with what they may be, then links with where they lead."""
    properties = [[name, "property", _may_be(field)] for name, field in found["properties"].items()]
    refs = [[name, "ref", rule["kind"] + (f" ({rule['attr']})" if rule["attr"] else "")] for name, rule in found["refs"].items()]
    others = [
        [name, word, rule["kind"]]
        for part, word in (("children", "child"), ("back_refs", "back ref"))
        for name, rule in found[part].items()
    ]
    return [*properties, *refs, *others]


def _may_be(field: Mapping[str, Any]) -> str:
    words = f"{field['type']}{'[]' if field['list'] else ''}"
    if "enum" in field:
        return f"{words}: {', '.join(map(str, field['enum']))}"
    return words + (f" {field['minimum']}..{field['maximum']}" if "minimum" in field and "maximum" in field else "")
