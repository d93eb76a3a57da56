"""`netweave apply`: make the server hold what files describe."""

from pathlib import Path
from typing import Annotated

import typer

from netweave import VncError
from netweave.cli.bundle import items_in, ordered
from netweave.cli.carry import carried_out, rehearsed
from netweave.cli.compare import found, progress_bar
from netweave.cli.options import LOCAL, ApiUrl, Output, connect
from netweave.cli.output import chosen
from netweave.cli.plan import Step, plan
from netweave.cli.report import report, summary

Files = Annotated[list[Path], typer.Option("--file", "-f", help="A YAML or JSON file, a folder of them, or - for stdin; may be repeated.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Have the server check what would be done, and change nothing.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no summary.")]


def apply(file: Files, output: Output = None, dry_run: DryRun = False, quiet: Quiet = False, api_url: ApiUrl = LOCAL) -> None:
    """Create or update whatever some files describe: documents {KIND: {...}}, or lists of these, parents and targets of refs first."""
    items, done, checked = items_in(file), list[Step](), False
    try:
        with connect(api_url) as client, progress_bar(quiet=quiet) as progress:
            steps = plan(ordered(items), found(client, progress, items))
            if dry_run:
                checked = rehearsed(client, steps)
                done += steps
            else:
                for step in carried_out(client, progress, steps):
                    done.append(step)
    except VncError:
        # What was done before stays done: say so.
        if done:
            report(done, chosen(output))
        raise
    report(done, chosen(output))
    if not quiet:
        typer.echo(summary(done, _trial(checked=checked) if dry_run else ""), err=True)


def _trial(*, checked: bool) -> str:
    return "dry run: the server has checked it, nothing is changed" if checked else "dry run: this server cannot check it, nothing was sent"
