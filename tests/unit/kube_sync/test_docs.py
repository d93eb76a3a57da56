"""docs/kube-sync.md is whole: every option, every reason of an Event and every metric has its row."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from kube_sync.instruments import PREFIX, Instruments
from kube_sync.metrics.collector import HELP
from kube_sync.model.refusals import NetworkPending, Refusal
from kube_sync.options import Options

ROOT = Path(__file__).parents[3]
DOCS = (ROOT / "docs" / "kube-sync.md").read_text()
SOURCES = "\n".join(path.read_text() for path in sorted((ROOT / "clients" / "kube_sync").rglob("*.py")))
ROWS = "\n".join(line.split("|")[1] for line in DOCS.splitlines() if line.startswith("| "))


def reasons() -> set[str]:
    refusals = {refusal.reason for refusal in Refusal.__subclasses__() if refusal is not NetworkPending}
    telling = "\n".join(line for line in SOURCES.splitlines() if "Event(" in line)
    return refusals | set(re.findall(r'(?<!Key\()"([A-Z][A-Za-z]+)"', telling))


def metrics() -> set[str]:
    """Those of the registry, and those that collectors name in their sources."""
    counted = {family.name for family in text_string_to_metric_families(generate_latest(Instruments().registry).decode())}
    collected = re.findall(r'MetricFamily\(\s*f"\{PREFIX\}_([a-z_]+)"', SOURCES)
    return {name.removeprefix(f"{PREFIX}_") for name in counted} | set(collected) | set(HELP)


@pytest.mark.parametrize(
    "word", [*sorted(reasons()), *sorted(metrics()), *(f"--{each.name.replace('_', '-')}" for each in fields(Options))]
)
def test_it_is_documented(word: str) -> None:
    assert re.search(rf"`{word}(_total)?\b", ROWS)
