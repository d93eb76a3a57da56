"""`netweave diff` and `netweave export`: what would change, and a server written down so that another can be made from it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.api.commands import Run, network, pod, project, run
from tests.served import Postgres, served

__all__ = ["project", "run"]


@pytest.fixture(scope="module")
def elsewhere(postgres: Postgres) -> Iterator[str]:
    """A server with a database of its own, as fresh as they come."""
    with postgres.database() as url, served(DATABASE_URL=url) as server:
        yield server.url


def shop(project: str) -> list[dict[str, Any]]:
    """A project's worth of objects that depend on one another in many ways."""
    path = project.split(":")
    name = path[-1]

    def port(own: str, **more: Any) -> dict[str, Any]:
        return {"vmi": {"fq_name": [*path, own], "parent_type": "project", "virtual_network_refs": [{"to": [*path, "blue"]}], **more}}

    tagged = {"virtual_machine_interface_properties": {"sub_interface_vlan_tag": 7}}
    return [
        network(project, "blue", is_shared=True, id_perms={"description": "the blue one"}),
        {"vm": {"fq_name": [f"{name}-m"]}},
        port("primary", virtual_machine_refs=[{"to": [f"{name}-m"]}]),
        port("a-sub", virtual_machine_interface_refs=[{"to": [*path, "primary"]}], **tagged),
        port("peer-1"),
        port("peer-2", virtual_machine_interface_refs=[{"to": [*path, "peer-1"]}]),
        *({"iip": {"fq_name": [f"{name}-{n}"], "virtual_network_refs": [{"to": [*path, "blue"]}]}} for n in range(3)),
        {"network-policy": {"fq_name": [*path, "web"], "parent_type": "project", "perms2": {"owner": "somebody", "global_access": 5}}},
        {"floating-ip-pool": {"fq_name": [*path, "blue", "pool"], "parent_type": "virtual-network"}},
        {"fip": {"fq_name": [*path, "blue", "pool", "f"], "parent_type": "floating-ip-pool", "project_refs": [{"to": path}]}},
        {"sg": {"fq_name": [*path, "db"], "parent_type": "project"}},
        {"tag": {"fq_name": [*path, f"{name}=red"], "parent_type": "project", "tag_type_name": name, "tag_value": "red"}},
    ]


def test_an_export_makes_the_same_elsewhere(run: Run, project: str, elsewhere: str) -> None:
    made = run("apply -f -", shop(project))
    assert made.code == 0, made.stderr

    written = run(f"export --project {project}")
    there = run(f"apply -f - --api-url {elsewhere}", yaml.safe_load(written.stdout))
    again = run(f"apply -f - --api-url {elsewhere}", yaml.safe_load(written.stdout))

    assert there.code == 0, there.stderr
    assert run(f"export --project {project} --api-url {elsewhere}").stdout == written.stdout
    assert [line for line in again.told() if not line.startswith("unchanged")] == []


def test_a_whole_server_is_exported_and_applied(run: Run, project: str, elsewhere: str) -> None:
    run("apply -f -", pod(project, "eth0"))
    run(f"apply -f - --api-url {elsewhere}", yaml.safe_load(run(f"export --project {project}").stdout))

    whole = yaml.safe_load(run(f"export --api-url {elsewhere}").stdout)

    assert {"domain", "project", "virtual-network", "tag-type", "global-system-config"} <= {kind for one in whole for kind in one}
    assert run(f"diff -f - --api-url {elsewhere}", whole).stdout == ""


def test_an_export_has_the_kinds_that_are_asked_for(run: Run, project: str) -> None:
    run("apply -f -", shop(project))

    written = json.loads(run(f"export iip vm --project {project} -o json").stdout)

    assert [[*one] for one in written] == [["instance-ip"]] * 3 + [["virtual-machine"]]
    assert run(f"export iip vm --project {project} -o table").code == 2
    assert run("export --project default-domain:nowhere").code == 3


def test_what_the_server_makes_and_says_by_itself_is_left_out(run: Run, project: str) -> None:
    run("apply -f -", shop(project))

    written = yaml.safe_load(run(f"export --project {project}").stdout)

    kinds = [kind for one in written for kind in one]
    assert "routing-instance" not in kinds
    assert "application-policy-set" not in kinds
    assert [one["security-group"]["fq_name"][-1] for one in written if "security-group" in one] == ["db"]
    (blue,) = (one["virtual-network"] for one in written if "virtual-network" in one)
    assert not {"virtual_network_network_id", "href", "routing_instances", "display_name"} & blue.keys()
    assert blue["id_perms"] == {"description": "the blue one"}


def test_no_difference_is_told_as_nothing(run: Run, project: str) -> None:
    run("apply -f -", pod(project, "eth0"))

    ran = run("diff -f -", pod(project, "eth0"))

    assert (ran.code, ran.stdout, ran.stderr) == (0, "", "")


def test_a_difference_is_told_as_a_diff_and_by_the_exit_code(run: Run, project: str) -> None:
    run("apply -f -", network(project, "blue", is_shared=True))
    wanted = [network(project, "blue", is_shared=False), network(project, "red", "10.1.0.0")]

    ran = run("diff -f -", wanted)

    assert (ran.code, ran.stderr) == (1, "")
    lines = ran.stdout.splitlines()
    assert f"--- virtual-network {project}:blue" in lines
    assert "-is_shared: true" in lines
    assert "+is_shared: false" in lines
    assert "--- /dev/null" in lines
    assert f"+++ virtual-network {project}:red (stdin)" in lines
    assert run(f"get vn {project}:red").code == 3


def test_a_difference_is_told_to_programs(run: Run, project: str) -> None:
    run("apply -f -", network(project, "blue", is_shared=True))

    told = json.loads(run("diff -f - -o json", network(project, "blue", is_shared=False)).stdout)

    assert told == [
        {
            "kind": "virtual-network",
            "fq_name": [*project.split(":"), "blue"],
            "action": "updated",
            "changed": {"is_shared": {"from": True, "to": False}},
        }
    ]


def test_diff_says_other_things_with_other_codes(run: Run, project: str) -> None:
    assert run("diff -f -", {"virtual-netwrok": {"fq_name": ["a"]}}).code == 3
    assert run("diff -f - --api-url http://127.0.0.1:9", network(project, "blue")).code == 5
    assert run("diff -f -", {"vn": {}}).code == 2
