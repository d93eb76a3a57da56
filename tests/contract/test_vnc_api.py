"""The published client, as it is on PyPI (contrail-api-client 2005), against the server; it runs in a venv and a process of its own."""

import json
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from httpx import URL

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / ".venv-vnc" / "bin" / "python"
SCENARIO = Path(__file__).with_name("vnc_scenario.py")
KINDS = ["domain", "project", "network_ipam", "virtual_network", "virtual_machine", "virtual_machine_interface", "instance_ip"]

Seen = dict[str, Any]


@pytest.fixture(scope="module")
def seen(api_url: str, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What the client saw in one run."""
    if not CLIENT.exists():
        pytest.fail("The published client is not installed: `make .venv-vnc/.installed` builds its venv (`make test` does it too)")
    url = URL(api_url)
    run = subprocess.run(
        [CLIENT, SCENARIO, str(url.host), str(url.port), f"vnc-{uuid4().hex[:8]}"],
        cwd=tmp_path_factory.mktemp("vnc"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    observed: Seen = json.loads(run.stdout.splitlines()[-1])
    return observed


@pytest.mark.parametrize("kind", KINDS)
def test_the_client_creates_and_finds_what_it_made(seen: Seen, kind: str) -> None:
    made = seen["create"][kind]
    here, there = made["fq_name"]

    assert made["uuid"] == made["read by id"] == made["read by name"] == made["fq_name_to_id"]
    assert made["listed"] == [made["uuid"]]
    assert here == there == made["id_to_fq_name"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_create_is_refs_exist(seen: Seen, kind: str) -> None:
    assert seen["create"][kind]["created twice"] == "RefsExistError"


@pytest.mark.parametrize("kind", KINDS)
def test_the_client_updates_what_it_made(seen: Seen, kind: str) -> None:
    assert seen["update"][kind] == f"renamed {kind}"


def test_the_address_is_the_first_of_the_subnet(seen: Seen) -> None:
    assert seen["address"] == "10.9.0.252"


def test_annotations_are_edited_one_by_one(seen: Seen) -> None:
    assert seen["annotations"]["annotations"] == {"second": "2", "third": "3"}
    assert seen["annotations"]["one annotation"] == [[{"key": "second", "value": "2"}, "second"]]


def test_refs_are_added_and_removed(seen: Seen) -> None:
    domain = seen["create"]["domain"]["fq_name"][0][0]
    group = [domain, "project", "group"]

    assert seen["refs"]["ref_update"] == seen["create"]["virtual_machine_interface"]["uuid"]
    assert seen["refs"]["refs"] == [[group], [], [group]]
    assert seen["refs"]["deleted while referred"] == "RefsExistError"


def test_lists_of_many_ids_are_complete(seen: Seen) -> None:
    many = seen["many"]

    assert len(many["asked"]) > 25
    assert many["asked"] == many["listed"] == many["detailed"]


def test_numbers_are_taken_owned_and_let_go(seen: Seen) -> None:
    numbers = seen["numbers"]

    assert [numbers[each] for each in ("first", "owner", "again")] == [5, "me", 5]
    assert [numbers[each] for each in ("made twice", "taken", "exhausted", "gone")] == [
        "RefsExistError",
        "BadRequest",
        "BadRequest",
        "NoIdError",
    ]


def test_tags_are_set_and_a_rule_follows_them(seen: Seen) -> None:
    tags = seen["tags"]
    mine, everyones = [tags["name"], "project", "application=web"], [f"tier={tags['name']}"]

    assert (tags["names"], tags["unknown"], tags["protocol"]) == (["application=web", [everyones]], "NoIdError", 6)
    assert tags["refs"] == [[mine], [everyones]]
    assert tags["ids"][0] == tags["ids"][1]


def test_a_quota_that_is_used_up_is_over_quota(seen: Seen) -> None:
    assert seen["limited"] == {"second": "OverQuota"}


def test_addresses_are_taken_counted_and_freed(seen: Seen) -> None:
    assert seen["addresses"]["taken"] == ["10.9.0.251", "10.9.0.250"]
    assert seen["addresses"]["counted"] == {"ip_count_list": [6]}
    assert seen["addresses"]["after"] == {"ip_count_list": [4]}


@pytest.mark.parametrize("kind", ["domain", "project", "virtual_network", "virtual_machine", "virtual_machine_interface"])
def test_what_is_in_use_is_refs_exist(seen: Seen, kind: str) -> None:
    assert seen["delete"][f"{kind} in use"] == "RefsExistError"


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_deleted_is_no_id(seen: Seen, kind: str) -> None:
    assert seen["delete"][f"{kind} gone"] == "NoIdError"
