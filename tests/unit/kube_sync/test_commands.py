"""The command line of the worker: what its help shows, and what it makes of options in the wrong place."""

from collections.abc import Iterator

import pytest
import structlog
from typer.testing import CliRunner

from kube_sync.commands import kube_sync
from kube_sync.options import PANELS


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """The command sends logs to the stderr of its run, which ends with it; other tests need theirs."""
    yield
    structlog.reset_defaults()


def test_help_has_a_section_for_each_heading_and_the_options_below_it() -> None:
    shown = CliRunner().invoke(kube_sync, ["--help"], env={"COLUMNS": "120", "TERM": "dumb"}).output
    headings = [shown.index(f"\n{heading}:\n") for heading in PANELS if f"\n{heading}:\n" in shown]

    assert headings == sorted(headings)
    assert shown.index("\nNetworks:\n") < shown.index("--pod-subnet") < shown.index("\nSafety:\n")


def test_every_option_can_also_be_an_environment_variable() -> None:
    run = CliRunner().invoke(kube_sync, ["--once"], env={"NETWEAVE_CLUSTER_NAME": "K8S"})

    assert (run.exit_code, run.output) == (
        1,
        "kube-sync: --cluster-name 'K8S': must be lower case letters, digits and '-', as in a Kubernetes name\n",
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--workers", "0"], 2), (["--bogus"], 2), (["bogus"], 1), (["plan", "--bogus"], 1), (["plan", "--workers", "0"], 1)],
)
def test_wrong_usage_is_told_and_is_no_answer_of_plan(words: list[str], code: int) -> None:
    run = CliRunner().invoke(kube_sync, words)

    assert run.exit_code == code
    assert next(word for word in words if word != "plan") in run.output


def test_an_option_that_stands_before_the_sub_command_is_refused_rather_than_passed_over() -> None:
    run = CliRunner().invoke(kube_sync, ["--cluster-name", "blue", "plan"])

    assert run.exit_code == 1
    assert "--cluster-name goes after `plan`" in run.output
