"""What was answered to the requests that schemathesis made, told at the end of the run."""

from collections import Counter
from typing import Any

import pytest

from tests.contract.seeds import NEVER

Report = dict[str, Counter[int]]
REPORT = pytest.StashKey[Report]()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """The answers by operation, kept until the run ends."""
    return request.config.stash.setdefault(REPORT, {})


def count(report: Report, found: Report) -> None:
    """Add what was found to what is told at the end."""
    for name, answers in found.items():
        report.setdefault(name, Counter()).update(answers)


def assert_one_in_five(answers: Counter[int], operation: str) -> None:
    """The promise for every operation, but for those that no request can succeed in."""
    assert operation in NEVER or 5 * answers[200] >= answers.total(), f"{operation}: {dict(answers)}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process that runs a part of the tests hands over what it found."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["schemathesis"] = {name: dict(answers) for name, answers in session.config.stash.get(REPORT, {}).items()}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """The process that prints takes it."""
    found = getattr(node, "workeroutput", {}).get("schemathesis", {})
    count(node.config.stash.setdefault(REPORT, {}), {name: Counter(answers) for name, answers in found.items()})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the totals, and the operation with the smallest share of 200."""
    found = terminalreporter.config.stash.get(REPORT, {})
    if not found:
        return
    total: Counter[int] = sum(found.values(), Counter())
    terminalreporter.section("schemathesis")
    terminalreporter.line(
        f"{len(found)} operations, {total.total()} requests: " + ", ".join(f"{n} x {status}" for status, n in sorted(total.items()))
    )
    successful = {name: answers[200] / answers.total() for name, answers in found.items() if answers[200]}
    terminalreporter.line(
        f"{len(successful)} operations answered 200 to at least {min(successful.values(), default=0):.0%} of their requests"
    )
    terminalreporter.line("never 200: " + ", ".join(sorted(found.keys() - successful.keys())))
