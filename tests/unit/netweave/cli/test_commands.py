"""Which commands there are, and that only the one called is loaded."""

import json
from pathlib import Path

import pytest

from tests.unit.netweave.cli.command import netweave, python
from tests.unit.netweave.scripted import Reply, serving

LOADED = """
import json, sys
from netweave.cli import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def package(folder: Path, entry_points: str, module: str = "") -> Path:
    """A package as installed in this folder, with sub-commands."""
    metadata = folder / "extra-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: extra\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[netweave.commands]\n{entry_points}\n")
    (folder / "extra_commands.py").write_text(module)
    return folder


def test_help_lists_every_command_and_the_exit_codes() -> None:
    shown = netweave("--help")

    assert shown.returncode == 0
    assert [word for word in ("get", "list", "create", "delete", "apply", "watch", "changes") if f"\n  {word} " not in shown.stdout] == []
    assert "5  the server cannot be reached" in shown.stdout


@pytest.mark.parametrize("words", [["--help"], []], ids=["--help", "nothing"])
def test_help_waits_for_no_library_that_it_does_not_need(words: list[str]) -> None:
    loaded = json.loads(python(LOADED, *words).stderr.splitlines()[-1])

    assert {"httpx", "rich", "yaml", "fastapi", "sqlalchemy"}.isdisjoint(loaded)


def test_get_loads_no_part_of_the_server() -> None:
    with serving(Reply(body={"project": {"uuid": "u"}})) as script:
        run = python(LOADED, "get", "project", "7a1e0000-0000-4000-8000-000000000001", "--api-url", script.url)
    loaded = json.loads(run.stderr.splitlines()[-1])

    assert json.loads(run.stdout) == {"project": {"uuid": "u"}}
    assert "httpx" in loaded
    assert [
        name for name in loaded if name.split(".")[0] in {"api_server", "kube_sync", "fastapi", "sqlalchemy", "asyncpg", "lightkube"}
    ] == []


def test_help_lists_the_commands_of_other_packages_without_importing_them(tmp_path: Path) -> None:
    path = package(tmp_path, "shout = extra_commands:shout", "raise SystemExit('imported')")

    shown = netweave("--help", path=path)

    assert "\n  shout " in shown.stdout
    assert "imported" not in shown.stdout + shown.stderr


def test_a_command_of_another_package_runs_with_its_own_options(tmp_path: Path) -> None:
    module = "def shout(words: str, times: int = 1) -> None:\n    print(words.upper() * times)\n"
    path = package(tmp_path, "shout = extra_commands:shout", module)

    assert netweave("shout", "hey", "--times", "2", path=path).stdout == "HEYHEY\n"


def test_another_package_brings_a_group_of_commands(tmp_path: Path) -> None:
    module = """
import typer

voice = typer.Typer()

@voice.command()
def shout(words: str) -> None:
    print(words.upper())

@voice.command()
def whisper(words: str) -> None:
    print(words.lower())
"""
    path = package(tmp_path, "voice = extra_commands:voice", module)

    assert "\n  voice " in netweave("--help", path=path).stdout
    assert netweave("voice", "whisper", "HEY", path=path).stdout == "hey\n"


def test_a_command_that_lacks_a_package_says_in_one_line_what_to_install(tmp_path: Path) -> None:
    path = package(tmp_path, "shout = extra_commands:shout", "import nowhere_to_be_found\n")

    run = netweave("shout", path=path)

    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "netweave: `netweave shout` needs the module 'nowhere_to_be_found', which is not installed: pip install 'netweave[embedded]'"
    ]


def test_no_package_takes_the_name_of_a_command_of_ours(tmp_path: Path) -> None:
    path = package(tmp_path, "get = extra_commands:get", "def get() -> None:\n    print('theirs')\n")

    assert "theirs" not in netweave("get", path=path).stdout


def test_an_unknown_command_is_a_usage_error() -> None:
    run = netweave("frobnicate")

    assert run.returncode == 2
    assert "frobnicate" in run.stderr


def test_a_shell_completes_commands_and_the_short_names_of_kinds() -> None:
    def completed(line: str) -> list[str]:
        run = netweave(_NETWEAVE_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(line.split(" ")) - 1))
        return run.stdout.split()

    assert "create" in completed("netweave c")
    assert {"vn", "vm", "vmi"} <= set(completed("netweave get v"))
