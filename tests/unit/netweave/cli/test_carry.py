"""`netweave apply` against a server that cannot do many writes at once: one call an object, as ever."""

import json

from tests.unit.netweave.cli.command import netweave
from tests.unit.netweave.scripted import Reply, problem, serving, text

UUID = "3f0f1a52-6a1f-4a57-9d5b-1e6f1c2d3e4f"
BUNDLE = json.dumps([{"project": {"fq_name": ["d", name], "parent_type": "domain"}} for name in ("p", "q")])
NONE = Reply(body={"projects": []})
MADE = Reply(body={"project": {"uuid": UUID}})


def test_a_server_without_bulk_gets_one_call_an_object() -> None:
    with serving(NONE, text(404, "Not found: '/v2/bulk'"), MADE, MADE) as script:
        ran = netweave("apply", "-f", "-", "-o", "name", "--api-url", script.url, stdin=BUNDLE)

    assert (ran.returncode, ran.stdout) == (0, "d:p\nd:q\n")
    assert [one.path for one in script.asked[1:]] == ["/v2/bulk", "/projects", "/projects"]


def test_there_the_first_refusal_ends_the_run_and_what_was_done_is_told() -> None:
    with serving(NONE, text(404, "Not found"), MADE, problem(400, "bad-request")) as script:
        ran = netweave("apply", "-f", "-", "-o", "name", "--api-url", script.url, stdin=BUNDLE)

    assert (ran.returncode, ran.stdout) == (1, "d:p\n")
    assert "at project d:q, from stdin" in ran.stderr


def test_there_a_dry_run_says_that_nothing_was_checked() -> None:
    with serving(NONE, text(404, "Not found")) as script:
        ran = netweave("apply", "-f", "-", "--dry-run", "--api-url", script.url, stdin=BUNDLE)

    assert ran.stderr == "2 created (dry run: this server cannot check it, nothing was sent)\n"


def test_an_entry_that_is_not_found_is_no_missing_path() -> None:
    with serving(NONE, problem(404, "parent-not-found", entry={"index": 1})) as script:
        ran = netweave("apply", "-f", "-", "--api-url", script.url, stdin=BUNDLE)

    assert ran.returncode == 3
    assert "at project d:q, from stdin" in ran.stderr
