"""`netweave create`: one object, from a file and from the command line."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from netweave import Document
from netweave._kinds import fq_name_of
from netweave.cli.exits import Usage
from netweave.cli.files import read_all
from netweave.cli.kinds import kind_of
from netweave.cli.options import LOCAL, ApiUrl, KindWord, Output, connect
from netweave.cli.output import chosen, write_one

Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="The fq_name joined by colons.")]
File = Annotated[
    Path | None, typer.Option("--file", "-f", help="Its properties, YAML or JSON, with or without the kind around them; - is stdin.")
]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="PROPERTY=VALUE", help="A property; the value is JSON or else text; may be repeated.")
]


def create(kind: KindWord, name: Name = None, file: File = None, set_: Sets = None, output: Output = None, api_url: ApiUrl = LOCAL) -> None:
    """Make one object; its parent must exist."""
    kind = kind_of(kind)
    document = (_from_file(kind, file) if file else {}) | dict(map(_setting, set_ or []))
    if name is not None:
        document["fq_name"] = fq_name_of(name, kind)
    if "fq_name" not in document:
        raise Usage(f"{kind}: give a name, or a file with an fq_name")
    with connect(api_url) as client:
        made = client.create(kind, document)
    write_one(kind, made, chosen(output))


def _from_file(kind: str, file: Path) -> Document:
    found = [document for _, document in read_all([file])]
    if len(found) != 1:
        raise Usage(f"{file}: {len(found)} documents; `create` makes one object, `apply` makes many")
    wrapped = {kind_of(key): value for key, value in found[0].items()}
    inner = wrapped[kind] if wrapped.keys() == {kind} else found[0]
    if not isinstance(inner, dict):
        raise Usage(f"{file}: {kind} must be a mapping")
    return inner


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Usage(f"--set {text!r}: expected property=value")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
