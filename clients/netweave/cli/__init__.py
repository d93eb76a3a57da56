"""The `netweave` command: finds the sub-command that is called and loads only that one."""

import os
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from netweave.cli.commands import Command, commands
from netweave.cli.exits import HELP, failure_of

ABOUT = f"""Netweave: networks, interfaces and addresses for pods.

{HELP}
"""


def main() -> None:
    """Run the command line of this process and leave with its exit code."""
    try:
        application(called(sys.argv[1:]))(prog_name="netweave")
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        if failure.text:
            typer.echo(f"netweave: {failure.text}", err=True)
        sys.exit(failure.code)


def called(words: list[str]) -> str | None:
    """The name of the sub-command: the first word that is no option, on the line or in the line that a shell wants completed."""
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS") or ""
    words = line.split()[1:] if "_NETWEAVE_COMPLETE" in os.environ else words
    return next((word for word in words if not word.startswith("-")), None)


def application(name: str | None) -> typer.Typer:
    """All sub-commands by name and help, and the one with this name in full."""
    # Plain help: what draws boxes costs more time than everything else together.
    app = typer.Typer(help=ABOUT, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(_root)
    for command in commands():
        _add(app, command, in_full=command.name == name)
    return app


def _add(app: typer.Typer, command: Command, *, in_full: bool) -> None:
    if not in_full:
        app.command(command.name, help=command.help)(_elsewhere)
    elif isinstance(loaded := command.load(), typer.Typer):
        app.add_typer(loaded, name=command.name)
    else:
        app.command(command.name)(loaded)


def _elsewhere() -> None:
    """Stands for a sub-command that this process does not run."""


def _version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        typer.echo(version("netweave"))
    except PackageNotFoundError:
        typer.echo("not installed: running from a source checkout")
    raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")]


def _root(_: Version = False) -> None:
    pass
