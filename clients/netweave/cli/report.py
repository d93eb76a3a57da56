"""What `netweave apply` did, told to people and programs."""

from collections import Counter
from collections.abc import Sequence

from netweave import Document
from netweave.cli.options import Format
from netweave.cli.output import write_csv, write_lines, write_table, write_value
from netweave.cli.plan import Step

HEADINGS = ("ACTION", "KIND", "NAME", "CHANGED")


def report(done: Sequence[Step], form: Format) -> None:
    """One entry a step; a table and a list of names leave out what was as described already."""
    changed = [step for step in done if step.action != "unchanged"]
    match form:
        case Format.JSON | Format.YAML:
            write_value([_told(step) for step in done], form)
        case Format.NAME:
            write_lines(":".join(step.item.name) or str(step.item.uuid) for step in changed)
        case Format.CSV:
            write_csv(HEADINGS, map(_cells, done))
        case Format.TABLE | Format.WIDE if changed:
            write_table(HEADINGS, [_cells(step) for step in changed])


def summary(done: Sequence[Step], trial: str = "") -> str:
    """How many of what; `trial` says what a dry run was worth."""
    count = Counter(step.action for step in done)
    if count.keys() <= {"unchanged"}:
        return f"nothing to change: {len(done)} objects are as described"
    text = ", ".join(f"{number} {action}" for action, number in count.items())
    return f"{text} ({trial})" if trial else text


def _told(step: Step) -> Document:
    return {"kind": step.item.kind, "fq_name": list(step.item.name), "action": step.action, "changed": _changed(step)}


def _cells(step: Step) -> list[str]:
    return [step.action, step.item.kind, ":".join(step.item.name) or str(step.item.uuid), ", ".join(_changed(step))]


def _changed(step: Step) -> list[str]:
    return sorted({**step.body, **step.later}) if step.action == "updated" else []
