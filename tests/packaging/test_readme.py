"""What README tells a newcomer to type works, word for word, and its table of settings is complete."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api_server.settings import Settings
from tests.packaging.tree import ROOT, must, run

README = (ROOT / "README.md").read_text()
TOLD = "http://127.0.0.1:8082"
# Status codes go to standard error, so that the pipes of the tour see what a newcomer's see.
COUNTING_CURL = "set -o pipefail; curl() { command curl --write-out '%{stderr}%{http_code}\\n' \"$@\"; }\n"


def section(title: str) -> str:
    """The text between this heading and the next of its level."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def commands(text: str) -> str:
    """The indented lines: what is to be typed."""
    return "\n".join(line[4:] for line in text.splitlines() if line.startswith("    ")) + "\n"


def typed(verbs: str, api_url: str) -> str:
    """The lines of "The command" that start with these verbs, as a script for the server under test."""
    lines = [line for line in commands(section("The command")).splitlines() if re.match(rf"netweave ({verbs}) ", line)]
    return f"export NETWEAVE_API_URL={api_url} PATH={Path(sys.executable).parent}:$PATH\n" + "\n".join(lines)


@pytest.fixture(scope="module")
def tour(api_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.CompletedProcess[str]]:
    """What the tour says; afterwards what it made is deleted, as README tells."""
    script = COUNTING_CURL + commands(section("A five-minute tour")).replace(TOLD, api_url.rstrip("/"))
    yield run(["bash", "-e", "-c", script], tmp_path_factory.mktemp("tour"))
    must(["bash", "-e", "-c", typed("delete", api_url)], ROOT)


# The project needs no curl, the tour does: a contributor without it still runs all other tests. CI has it.
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="README's tour is typed with curl, which is not installed here")


@needs_curl
def test_each_step_of_the_tour_is_answered_as_told(tour: subprocess.CompletedProcess[str]) -> None:
    steps = commands(section("A five-minute tour")).count("curl ")

    assert tour.returncode == 0, tour.stderr
    assert tour.stderr.split() == ["200"] * (steps - 2) + ["409", "409"]


@needs_curl
def test_the_tour_shows_an_address_of_its_subnet_and_why_a_delete_is_refused(tour: subprocess.CompletedProcess[str]) -> None:
    assert '"instance_ip_address": "192.0.2.' in tour.stdout
    assert '"code": "still-referred"' in tour.stdout


@needs_curl
def test_the_command_shows_what_the_tour_made(tour: subprocess.CompletedProcess[str], api_url: str) -> None:
    said = must(["bash", "-e", "-c", typed("get|list", api_url)], ROOT)

    assert tour.returncode == 0
    assert said.count('"tour"') >= 2


@needs_curl
@pytest.mark.parametrize(
    ("imports", "interpreter"),
    [("from vnc_api import", ROOT / ".venv-vnc" / "bin" / "python"), ("import netweave", Path(sys.executable))],
    ids=["the published client", "the library"],
)
def test_the_python_of_the_readme_runs(imports: str, interpreter: Path, tour: subprocess.CompletedProcess[str], api_url: str) -> None:
    snippets = re.split(r"\n(?=\S)", section("From Python"))
    host, port = api_url.removeprefix("http://").rstrip("/").split(":")
    snippet = next(commands(text) for text in snippets if f"    {imports}" in text)

    done = run([interpreter, "-c", snippet.replace("127.0.0.1", host).replace("8082", port)], ROOT)

    assert tour.returncode == 0
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_table_of_settings_names_every_setting_with_its_default() -> None:
    rows = [[cell.strip(" `") for cell in line.split("|")] for line in section("Settings").splitlines() if line.startswith("| `")]
    told = {variable.removeprefix("NETWEAVE_").lower(): default for _, variable, _, default, _, _ in rows}
    fields = Settings.model_fields
    defaults = {
        name: str(field.default).lower()
        for name, field in fields.items()
        if field.default_factory is None and field.default not in ("", None)
    }

    assert set(told) == set(fields)
    assert {name: told[name] for name in defaults} == defaults


def test_the_links_of_the_papers_lead_somewhere() -> None:
    papers = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [(paper, target) for paper in papers for target in re.findall(r"\]\(([^)#]+)", paper.read_text()) if "://" not in target]

    assert links
    assert [f"{paper.name}: {target}" for paper, target in links if not Path(paper.parent / target).exists()] == []
