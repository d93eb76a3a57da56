"""`netweave watch` and `netweave changes` on a served API."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from tests.api.commands import Run, network, project, run
from tests.unit.netweave.cli.command import environment

__all__ = ["project", "run"]


def position(run: Run) -> str:
    """The latest there is."""
    found: list[dict[str, int]] = json.loads(run("changes --limit 1").stdout)
    return str(found[0]["position"])


def test_watch_shows_what_is_there_as_lines_of_json(run: Run, project: str) -> None:
    run("apply -f -", network(project, "blue"))

    ran = run("watch vn --events 1")
    told = json.loads(ran.stdout)

    assert ran.code == 0
    assert (told["event"], told["kind"], told["position"]) == ("init", "virtual-network", None)
    assert len(told["object"]["fq_name"]) == 3


def test_watch_tells_from_a_position_on_and_names_what_was_deleted(run: Run, project: str) -> None:
    since = position(run)
    run("apply -f -", network(project, "blue"))
    run(f"delete vn {project}:blue")

    lines = run(f"watch virtual_network --since {since} --events 2 -o table").stdout.splitlines()

    assert [line.split()[1:3] for line in lines] == [["create", "virtual-network"], ["delete", "virtual-network"]]
    assert [line.split()[-1] for line in lines] == [f"{project}:blue"] * 2
    assert [int(line.split()[0]) > int(since) for line in lines] == [True, True]


def test_watch_takes_several_kinds_and_fields(run: Run, project: str) -> None:
    since = position(run)
    run("apply -f -", network(project, "blue"))

    told = [json.loads(line) for line in run(f"watch vn ri --since {since} --fields display_name --events 2").stdout.splitlines()]

    assert {each["kind"] for each in told} == {"virtual-network", "routing-instance"}
    assert {key for each in told for key in each["object"]} == {"uuid", "fq_name", "parent_type", "parent_uuid", "display_name"}


@pytest.mark.parametrize(
    ("words", "code"), [("watch nothing", 3), ("watch vn -o yaml", 2), ("watch vn --since -1", 2), ("changes nothing", 3)]
)
def test_what_cannot_be_watched_is_said(run: Run, words: str, code: int) -> None:
    ran = run(words)

    assert (ran.code, ran.stdout) == (code, "")
    assert ran.stderr


def test_ctrl_c_ends_a_watch_well(api_url: str) -> None:
    line = [sys.executable, "-m", "netweave", "watch", "domain"]
    process = subprocess.Popen(line, env=environment(NETWEAVE_API_URL=api_url), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["kind"] == "domain"
    os.kill(process.pid, signal.SIGINT)

    assert (process.wait(30), process.communicate()[1]) == (0, "")


def test_changes_show_who_did_what_to_an_object_the_latest_first(run: Run, project: str) -> None:
    run("apply -f -", network(project, "blue"))
    run("apply -f -", network(project, "blue", display_name="Blue"))

    rows = run(f"changes vn {project}:blue -o table").stdout.splitlines()[1:]

    assert [re.split(r"\s{2,}", row.strip())[2:] for row in rows] == [
        ["cloud-admin", "UPDATE", "virtual-network", f"{project}:blue", "display_name"],
        ["cloud-admin", "CREATE", "virtual-network", f"{project}:blue"],
    ]


def test_changes_from_a_position_or_a_moment_on_are_in_the_order_in_which_they_were_done(run: Run, project: str) -> None:
    since = position(run)
    run("apply -f -", [network(project, "blue"), network(project, "red", "10.0.1.0")])

    after = json.loads(run(f"changes vn --after {since}").stdout)
    assert [one["fq_name"][-1] for one in after] == ["blue", "red"]
    assert [one["position"] for one in json.loads(run(f"changes vn --since {after[0]['at']} --limit 2").stdout)] == sorted(
        one["position"] for one in after
    )
    by_request = json.loads(run(f"changes --request-id {after[0]['request_id']} --actor cloud-admin").stdout)
    assert after[0] in by_request
