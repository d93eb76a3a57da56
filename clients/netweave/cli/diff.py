"""`netweave diff`: what `apply` would change, and an exit code that tells whether there is anything."""

from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

import yaml

from netweave import Document, VncError
from netweave.cli.apply import Files
from netweave.cli.bundle import items_in, ordered
from netweave.cli.compare import found, progress_bar
from netweave.cli.exits import CODES, REFUSED, Differs, Trouble
from netweave.cli.options import LOCAL, ApiUrl, Format, Output, connect
from netweave.cli.output import write_lines, write_value
from netweave.cli.plan import Step, plan


def diff(file: Files, output: Output = None, api_url: ApiUrl = LOCAL) -> None:
    """Tell what `apply` would change, as a diff. Leaves with 0 if that is nothing, with 1 if there are differences."""
    items = items_in(file)
    try:
        with connect(api_url) as client, progress_bar(quiet=False) as progress:
            has = found(client, progress, items)
    except VncError as error:
        if next(code for kind, code in CODES if isinstance(error, kind)) == REFUSED:
            # Here 1 says that there are differences.
            raise Trouble(error) from error
        raise
    steps = [step for step in plan(ordered(items), has) if step.action != "unchanged"]
    _write(steps, has, output)
    if steps:
        raise Differs


def _write(steps: list[Step], has: dict[Any, Document], output: Format | None) -> None:
    match output:
        case Format.JSON | Format.YAML:
            write_value([_told(step, has.get(step.item, {})) for step in steps], output)
        case Format.NAME:
            write_lines(":".join(step.item.name) or str(step.item.uuid) for step in steps)
        case _:
            for step in steps:
                write_lines(_lines(step, has.get(step.item, {})))


def _told(step: Step, has: Document) -> Document:
    wanted = {**step.body, **step.later}
    changed = {key: {"from": has.get(key), "to": value} for key, value in wanted.items()}
    return {"kind": step.item.kind, "fq_name": list(step.item.name), "action": step.action, "changed": changed}


def _lines(step: Step, has: Document) -> Iterator[str]:
    wanted = {**step.body, **step.later}
    before, after = ({key: one[key] for key in sorted(wanted) if key in one} for one in (has, wanted))
    name = str(step.item)
    yield from unified_diff(_yaml(before), _yaml(after), name if has else "/dev/null", f"{name} ({step.item.where})", lineterm="", n=2)


def _yaml(document: Document) -> list[str]:
    text: str = yaml.safe_dump(document, sort_keys=True, allow_unicode=True) if document else ""
    return text.splitlines()
