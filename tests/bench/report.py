"""The figures of a run as tables, with the aims beside them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.bench.figures import LOAD, POSTGRES, SERVER, Measure, Section, Side, Taken, limit_of, middle, outcome
from tests.bench.statements import Count

_HEAD = f"{'':44}{'median':>14}{'ratio':>8}  {'spread':12}{'aim':18}{'CPU: server (wanted)':>20}{'PostgreSQL':>14}{'load':>6}  limit"


def heading(conditions: Mapping[str, Any], load: str) -> Iterator[str]:
    """On what this was measured."""
    machine, asked = conditions["machine"], conditions["asked"]
    python, postgres = conditions["versions"]["python"], conditions["postgresql"]["server_version"]
    yield f"{machine['cores']} cores, Python {python}, embedded PostgreSQL {postgres}, commit {conditions['commit']}"
    yield f"load by {load}; medians of {asked['rounds']} alternating rounds of {asked['seconds']:g} s; spread: lowest and highest round"
    yield ""
    yield _HEAD


def table(sections: Sequence[Section], taken: Taken) -> Iterator[str]:
    """Measures line by line, each yardstick above what stands beside it."""
    for section in sections:
        yield ""
        yield section.title
        told: set[Side] = set()
        for measure in section.measures:
            if measure.beside and measure.beside not in told:
                told.add(measure.beside)
                yield _line(measure.beside.name, measure.beside, taken, "1.00", "", "")
            yield _measured(measure, taken)


def _measured(measure: Measure, taken: Taken) -> str:
    came = outcome(measure, taken)
    ratio = f"{came.ratio:.2f}" if came.ratio is not None else ""
    spread = f"{min(came.ratios):.2f}-{max(came.ratios):.2f}" if came.ratios else _spread(measure.ours, taken)
    aim = f"{measure.aim} {'met' if measure.aim.met(came) else 'MISSED'}" if measure.aim else ""
    return _line(measure.name or measure.ours.name, measure.ours, taken, ratio, spread, aim)


def _spread(side: Side, taken: Taken) -> str:
    values = [figure.value for figure in taken[side]]
    return f"{_number(min(values))}-{_number(max(values))}"


def _line(name: str, side: Side, taken: Taken, ratio: str, spread: str, aim: str) -> str:
    figure, shares = middle(taken[side]), ""
    if SERVER in figure.cpu:
        had, postgres = figure.cpu[SERVER], figure.cpu[POSTGRES]
        server, behind = f"{had.used:.0%} ({had.wanted:.0%})", f"{postgres.used:.0%} ({postgres.wanted:.0%})"
        load = f"{figure.cpu[LOAD].used:.0%}" if LOAD in figure.cpu else ""
        shares = f"{server:>20}{behind:>14}{load:>6}  {limit_of(side, figure)}"
    return f"  {name:42}{_number(figure.value) + side.unit:>14}{ratio:>8}  {spread:12}{aim:18}{shares}".rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def statements(counts: Sequence[Count]) -> Iterator[str]:
    """Two columns of requests."""
    yield ""
    yield "SQL statements a request, BEGIN and COMMIT apart (cold: the process has not met any of the objects before)"
    entries = [_count(one) for one in counts]
    half = (len(entries) + 1) // 2
    for left, right in zip(entries[:half], [*entries[half:], ""], strict=False):
        yield f"  {left:70}{right}".rstrip()


def _count(one: Count) -> str:
    most = f" (at most {one.most})" if one.most > one.usual else ""
    cold = f", {one.cold} cold" if one.cold != one.usual else ""
    return f"{one.request:38}{one.usual:>3}{f' + {one.brackets}' if one.brackets else ''}{cold}{most}"


def goals(groups: Sequence[tuple[Sequence[Section], Taken]]) -> Iterator[str]:
    """How many aims were met, and those that were not."""
    aims = [
        (measure, measure.aim, outcome(measure, taken))
        for sections, taken in groups
        for section in sections
        for measure in section.measures
        if measure.aim
    ]
    missed = [(measure, aim, came) for measure, aim, came in aims if not aim.met(came)]
    yield ""
    yield f"{len(aims) - len(missed)} of {len(aims)} aims met"
    for measure, aim, came in missed:
        value = f"{_number(came.value)}{measure.ours.unit}"
        if measure.beside and came.ratio is not None:
            value = f"{came.ratio:.2f} of {measure.beside.name}"
        yield f"  MISSED: {measure.name or measure.ours.name}: {value}, aim {aim}"
