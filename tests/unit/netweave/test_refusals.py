"""Replies that say no become errors: by the code of a problem document, else by status and words (contract 7)."""

import ast
import re
from pathlib import Path

import httpx
import pytest

import netweave
from netweave import _errors
from netweave._refusals import BY_CODE, BY_STATUS, BY_TEXT, refusal

UUID = "7a1e0000-0000-4000-8000-000000000001"
HREFS = ["http://h:8082/virtual-machine-interface/1", "http://h:8082/virtual-machine-interface/2"]


def problem(status: int, **members: object) -> httpx.Response:
    return httpx.Response(status, json=members, headers={"content-type": "application/problem+json"})


def plain(status: int, words: str) -> httpx.Response:
    return httpx.Response(status, text=words)


@pytest.mark.parametrize(("code", "kind"), BY_CODE.items())
def test_the_code_of_a_problem_chooses_the_class(code: str, kind: type[netweave.Refused]) -> None:
    error = refusal(problem(400, code=code, detail="because", title="t", subnet="10.0.0.0/24"))

    assert type(error) is kind
    assert (str(error), error.code, error.facts) == ("because", code, {"subnet": "10.0.0.0/24"})


def test_status_is_the_servers_even_where_the_class_has_another() -> None:
    error = refusal(problem(409, code="subnet-exhausted", detail="full"))

    assert isinstance(error, netweave.SubnetExhausted)
    assert error.status == 409


def test_a_code_that_we_do_not_know_falls_back_on_the_status_and_keeps_its_facts() -> None:
    error = refusal(problem(409, code="of-tomorrow", detail="because", field="x"))

    assert type(error) is netweave.Conflict
    assert (error.code, error.facts) == ("of-tomorrow", {"field": "x"})


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "Bad property in create: mtu: 'x' is no integer", netweave.InvalidProperty),
        (400, "Unknown reference in resource create virtual_network_refs", netweave.InvalidReference),
        (400, "Virtual-Network(['a', 'b', 'c']) has exhausted subnet(['10.0.0.0/29'])", netweave.SubnetExhausted),
        (400, "IP address already in use", netweave.AddressInUse),
        (400, "something", netweave.BadRequest),
        (401, "", netweave.Unauthorized),
        (403, "no", netweave.Forbidden),
        (404, "Unknown id: 5", netweave.NotFound),
        (405, "Method not allowed.", netweave.MethodNotAllowed),
        (409, f"['a'] already exists with uuid: {UUID}", netweave.AlreadyExists),
        (409, f"Delete when children still present: {HREFS}", netweave.ChildrenPresent),
        (409, f"Delete when resource still referred: {HREFS}", netweave.StillReferenced),
        (409, "Cannot modify system resource Routing Instance a:b(1)", netweave.SystemObject),
        (409, "Cannot Delete IP Block, IP(10.0.0.3) is in use", netweave.SubnetInUse),
        (409, "another", netweave.Conflict),
        (412, "quota limit (3) exceeded for resource virtual_network", netweave.OverQuota),
        (413, "too large", netweave.TooLarge),
        (418, "teapot", netweave.Refused),
        (500, "KeyError: 'to'", netweave.ServerError),
        (503, "Initializing", netweave.Unavailable),
    ],
)
def test_plain_text_is_understood_by_status_and_words(status: int, words: str, kind: type[netweave.Refused]) -> None:
    error = refusal(plain(status, words))

    assert type(error) is kind
    assert error.status == status
    assert str(error) == (words or "Unauthorized")


def test_the_uuid_of_what_exists_already_is_read_from_either_form() -> None:
    in_words = refusal(plain(409, f"['a'] already exists with uuid: {UUID}"))
    in_facts = refusal(problem(409, code="already-exists", detail="x", uuid=UUID))

    assert isinstance(in_words, netweave.AlreadyExists)
    assert isinstance(in_facts, netweave.AlreadyExists)
    assert in_words.uuid == in_facts.uuid == UUID


def test_what_blocks_a_delete_is_read_from_either_form() -> None:
    in_words = refusal(plain(409, f"Delete when resource still referred: {HREFS}"))
    in_facts = refusal(problem(409, code="still-referred", detail="x", blocking=HREFS))

    assert isinstance(in_words, netweave.StillReferenced)
    assert isinstance(in_facts, netweave.StillReferenced)
    assert in_words.blocking == in_facts.blocking == HREFS


def test_words_are_taken_out_of_a_page_of_html() -> None:
    error = refusal(httpx.Response(412, html="<html><body><pre>quota limit (3) exceeded</pre></body></html>"))

    assert str(error) == "quota limit (3) exceeded"


def test_a_broken_problem_document_is_no_reason_to_fail() -> None:
    error = refusal(httpx.Response(404, content=b"{", headers={"content-type": "application/problem+json"}))

    assert type(error) is netweave.NotFound


def test_every_refusal_is_reached_from_some_reply() -> None:
    reached = {*BY_CODE.values(), *BY_STATUS.values(), *(kind for _, _, kind in BY_TEXT), netweave.Refused, netweave.ServerError}
    declared = {kind for kind in vars(_errors).values() if isinstance(kind, type) and issubclass(kind, netweave.Refused)}

    assert {kind for kind in declared if not kind.__name__.startswith("_")} == reached


def test_the_tree_at_the_top_of_the_module_names_every_error() -> None:
    drawn = set(re.findall(r"^ *[*x+-] (\w+)", _errors.__doc__ or "", re.MULTILINE))

    assert drawn == {
        name for name, kind in vars(_errors).items() if isinstance(kind, type) and issubclass(kind, Exception) and name[0] != "_"
    }


def test_type_checkers_are_told_the_names_that_exist() -> None:
    stub = ast.parse((Path(netweave.__file__).parent / "__init__.pyi").read_text())
    told = {alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}

    assert told == set(netweave.__all__)
    assert all(getattr(netweave, name) is not None for name in netweave.__all__)
