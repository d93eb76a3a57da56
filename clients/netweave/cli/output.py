"""Results on stdout, in the form that was asked for."""

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import typer
import yaml
from rich.console import Console
from rich.table import Table

from netweave import Document
from netweave.cli.columns import NARROW, cells, fields, name, wide
from netweave.cli.options import Format


def chosen(asked: Format | None) -> Format:
    """The form asked for; else a table for people and JSON for programs."""
    return asked or (Format.TABLE if sys.stdout.isatty() else Format.JSON)


def write_rows(kind: str, rows: Sequence[Document], form: Format, *, wrapped: bool) -> None:
    """A list; `wrapped` rows are whole objects, and written as `apply` reads them."""
    match form:
        case Format.JSON | Format.YAML:
            write_value([{kind: row} for row in rows] if wrapped else list(rows), form)
        case Format.NAME:
            write_lines(map(name, rows))
        case Format.CSV:
            columns = wide(kind)
            write_csv(list(columns), (cells(columns, row) for row in rows))
        case Format.TABLE | Format.WIDE:
            columns = wide(kind) if form is Format.WIDE else NARROW
            write_table(list(columns), [cells(columns, row) for row in rows])


def write_one(kind: str, document: Document, form: Format) -> None:
    """One object; as a table, one line a field."""
    if form is Format.TABLE:
        write_table(["FIELD", "VALUE"], [[key, _brief(value)] for key, value in fields(document)])
    elif form in {Format.JSON, Format.YAML}:
        write_value({kind: document}, form)
    else:
        write_rows(kind, [document], form, wrapped=True)


def write_value(value: Any, form: Format) -> None:
    if form is Format.YAML:
        typer.echo(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), nl=False)
    else:
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def write_lines(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def write_csv(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(heading.lower() for heading in headings)
    writer.writerows(rows)


def write_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns side by side; nothing in a cell is taken for markup or for orders to the terminal."""
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        # A pipe has no width: a table that is asked for there keeps every cell on one line.
        console.width = 1 + sum(max(map(len, column)) + 2 for column in zip(headings, *rows, strict=True))
    table = Table(box=None, pad_edge=False, header_style="bold cyan")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(printable, row))
    console.print(table)


def _brief(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return ":".join(value)
    if isinstance(value, list) and value and all(isinstance(part, dict) and "to" in part for part in value):
        return "\n".join(":".join(ref["to"]) + (f" {json.dumps(ref['attr'])}" if ref.get("attr") else "") for ref in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def printable(text: str) -> str:
    """The text with nothing in it that gives orders to a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text)
