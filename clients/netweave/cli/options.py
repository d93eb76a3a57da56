"""The arguments and options that several sub-commands share."""

import os
from enum import StrEnum
from typing import Annotated

import typer

from netweave import DEFAULT_URL, Client, InvalidToken, InvalidUrl
from netweave.cli.exits import Usage
from netweave.cli.kinds import ALIASES, offered


class Format(StrEnum):
    """How results are written."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"
    CSV = "csv"


KIND_HELP = f"A kind, such as virtual-network, or its short name: {', '.join(ALIASES)}."
KindWord = Annotated[str, typer.Argument(metavar="KIND", help=KIND_HELP, autocompletion=offered)]
ApiUrl = Annotated[str, typer.Option("--api-url", envvar="NETWEAVE_API_URL", help="Where the API is.")]
Output = Annotated[Format | None, typer.Option("--output", "-o", help="How to write the result; default: table on a terminal, else json.")]
LOCAL = DEFAULT_URL


def connect(api_url: str) -> Client:
    """A client of the API at this URL, as whom NETWEAVE_TOKEN says; Usage if one of the two cannot be."""
    try:
        # From the environment only: others on a machine can read a command line.
        return Client(api_url, token=os.environ.get("NETWEAVE_TOKEN"))
    except (InvalidUrl, InvalidToken) as why:
        raise Usage(str(why)) from why
