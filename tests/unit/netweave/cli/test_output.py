"""What the commands write, and the code with which they leave."""

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import yaml

from netweave.cli import main
from tests.unit.netweave.cli.command import environment, netweave
from tests.unit.netweave.scripted import Asked, Reply, problem, serving, text

UUID = "7a1e0000-0000-4000-8000-000000000001"
BLUE = {
    "uuid": UUID,
    "fq_name": ["d", "p", "[red]blue[/red]"],
    "parent_type": "project",
    "virtual_network_network_id": 5,
    "id_perms": {"created": "2026-01-02T03:04:05.678901"},
    "network_ipam_refs": [{"to": ["d", "p", "i"], "attr": {"ipam_subnets": [{"subnet": {"ip_prefix": "10.0.0.0", "ip_prefix_len": 24}}]}}],
}
ONE = Reply(body={"virtual-network": BLUE})
ROWS = Reply(body={"virtual-networks": [{"uuid": UUID, "fq_name": BLUE["fq_name"], "href": "h"}]})
WHOLE = Reply(body={"virtual-networks": [{"virtual-network": BLUE}]})


@dataclass(frozen=True)
class Ran:
    returncode: object
    stdout: str
    stderr: str
    asked: list[Asked]


Said = Callable[..., Ran]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Runs a command line in this process, for speed, against a server that gives these replies."""

    def run(words: str, *replies: Reply, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["netweave", *words.split()])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with serving(*replies) as script:
            monkeypatch.setenv("NETWEAVE_API_URL", script.url)
            with pytest.raises(SystemExit) as left:
                main()
        written = capsys.readouterr()
        return Ran(left.value.code, written.out, written.err, script.asked)

    return run


def on_a_terminal(words: str, *replies: Reply, **more: str) -> str:
    """What a person sees."""
    leader, follower = pty.openpty()
    with serving(*replies) as script:
        line = [sys.executable, "-m", "netweave", *words.split()]
        subprocess.run(line, stdout=follower, env=environment(NETWEAVE_API_URL=script.url, TERM="xterm", **more), check=True)
    os.close(follower)
    with os.fdopen(leader, "rb") as screen:
        return screen.read1(100_000).decode()


def test_get_by_name_asks_for_the_uuid_first(said: Said) -> None:
    run = said("get vn d:p:blue", Reply(body={"uuid": UUID}), ONE)

    assert json.loads(run.stdout) == {"virtual-network": BLUE}
    assert [(asked.path, asked.body) for asked in run.asked] == [
        ("/fqname-to-id", {"type": "virtual-network", "fq_name": ["d", "p", "blue"]}),
        (f"/virtual-network/{UUID}", None),
    ]


def test_get_as_yaml_is_what_apply_reads(said: Said) -> None:
    run = said(f"get vn {UUID} -o yaml", ONE)

    assert yaml.safe_load(run.stdout) == {"virtual-network": BLUE}


def test_get_as_a_table_has_a_line_for_each_field_and_takes_no_markup(said: Said) -> None:
    lines = said(f"get vn {UUID} -o table", ONE).stdout.splitlines()

    assert lines[1].split() == ["fq_name", "d:p:[red]blue[/red]"]
    assert "ip_prefix" in next(line for line in lines if line.startswith("network_ipam_refs"))


def test_list_is_json_for_programs(said: Said) -> None:
    assert json.loads(said("list virtual_network", ROWS).stdout) == ROWS.body["virtual-networks"]


def test_list_in_detail_is_what_apply_reads(said: Said) -> None:
    assert json.loads(said("list vn --detail", WHOLE).stdout) == [{"virtual-network": BLUE}]


def test_list_by_name_is_a_name_a_line(said: Said) -> None:
    assert said("list vn -o name", ROWS).stdout == "d:p:[red]blue[/red]\n"


def test_list_as_csv_has_the_columns_of_the_kind(said: Said) -> None:
    rows = list(csv.DictReader(said("list vn -o csv", WHOLE).stdout.splitlines()))

    assert rows == [
        {
            "name": "d:p:[red]blue[/red]",
            "uuid": UUID,
            "id": "5",
            "subnets": "10.0.0.0/24",
            "parent": "project",
            "created": "2026-01-02T03:04:05",
        }
    ]


def test_a_wide_table_keeps_every_row_on_a_line_in_a_pipe(said: Said) -> None:
    heading, row = said("list vn -o wide", WHOLE).stdout.splitlines()

    assert heading.split() == ["NAME", "UUID", "ID", "SUBNETS", "PARENT", "CREATED"]
    assert row.split() == ["d:p:[red]blue[/red]", UUID, "5", "10.0.0.0/24", "project", "2026-01-02T03:04:05"]


def test_list_is_a_table_for_people_in_colour_unless_told_not_to() -> None:
    coloured, plain = on_a_terminal("list vn", ROWS), on_a_terminal("list vn", ROWS, NO_COLOR="1")

    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).split() == ["NAME", "UUID", "d:p:[red]blue[/red]", UUID]
    assert "36m" in coloured
    assert "36m" not in plain


def test_list_asks_for_what_the_options_say(said: Said) -> None:
    run = said(f"list vn --parent d:p --refers-to {UUID} --filter a==1 --filter b==x --fields f,g", ROWS)

    assert run.asked[0].query == {
        "parent_fq_name_str": "d:p",
        "back_ref_id": UUID,
        "filters": "a==1,b==x",
        "fields": "f,g",
    }


def test_count_is_a_number(said: Said) -> None:
    assert said("list vn --count", Reply(body={"virtual-networks": {"count": 12}})).stdout == "12\n"


def test_create_takes_a_name_and_settings(said: Said) -> None:
    made = Reply(body={"virtual-network": {"uuid": UUID, "fq_name": ["d", "p", "n"]}})

    run = said("create vn d:p:n --set is_shared=true --set display_name=hello -o name", made)

    assert run.stdout == "d:p:n\n"
    assert run.asked[0].body == {"virtual-network": {"fq_name": ["d", "p", "n"], "is_shared": True, "display_name": "hello"}}


@pytest.mark.parametrize("document", ["fq_name: [d, p, n]\nmtu: 5", "vn: {fq_name: [d, p, n], mtu: 5}"], ids=["inner", "wrapped"])
def test_create_reads_a_document_with_or_without_its_kind(said: Said, document: str) -> None:
    run = said("create vn -f -", Reply(body={"virtual-network": {"uuid": UUID}}), stdin=document)

    assert run.asked[0].body == {"virtual-network": {"fq_name": ["d", "p", "n"], "mtu": 5}}


def test_delete_goes_on_to_the_first_refusal(said: Said) -> None:
    run = said(f"delete vn {UUID} {UUID} {UUID}", Reply(), problem(409, "still-referred", blocking=[]))

    assert run.returncode == 4
    assert run.stderr.splitlines() == [f"virtual-network {UUID} deleted", "netweave: it is still-referred"]


def test_delete_may_find_nothing(said: Said) -> None:
    assert said(f"delete vn {UUID} --missing-ok", problem(404, "not-found")).returncode == 0


@pytest.mark.parametrize(
    ("words", "reply", "code"),
    [
        (f"get vn {UUID}", ONE, 0),
        (f"get vn {UUID}", problem(403, "forbidden"), 1),
        (f"get vn {UUID}", text(500, "KeyError"), 1),
        (f"get vn {UUID}", Reply(body="<html>"), 1),
        ("get vn", ONE, 2),
        ("create vn", ONE, 2),
        ("create vn a --set b", ONE, 2),
        ("create vn -f nowhere.yaml", ONE, 2),
        ("list vn --filter a", ONE, 2),
        ("list vn -o xml", ONE, 2),
        ("list vn --api-url nonsense", ONE, 2),
        ("apply -f nowhere.yaml", ONE, 2),
        (f"get vn {UUID}", problem(404, "not-found"), 3),
        ("get vn a:b", text(404, "Name ['a', 'b'] not found"), 3),
        ("create vn a:b:c", problem(409, "already-exists"), 4),
        (f"delete vn {UUID}", problem(409, "children-present"), 4),
    ],
)
def test_the_exit_code_tells_what_happened(said: Said, words: str, reply: Reply, code: int) -> None:
    run = said(words, reply)

    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr
    assert (run.stderr == "") is (code == 0)


def test_a_server_that_is_not_there_leaves_with_5() -> None:
    with serving() as script:
        url = script.url
    run = netweave("list", "vn", "--api-url", url)

    assert run.returncode == 5
    assert run.stderr.startswith(f"netweave: no answer from {url} to GET /virtual-networks: ")


def test_the_token_of_the_environment_goes_with_each_request(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETWEAVE_TOKEN", "of-alice")

    run = said("get vn d:p:blue", Reply(body={"uuid": UUID}), ONE)

    assert [asked.headers["x-auth-token"] for asked in run.asked] == ["of-alice", "of-alice"]
