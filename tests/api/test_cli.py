"""The `netweave` command on a served API: what `apply` promises, and the other commands around it."""

import json
from typing import Any

import pytest
import yaml

from netweave.cli import carry
from tests.api.commands import Run, network, pod, project, run

__all__ = ["project", "run"]


def test_apply_makes_parents_and_targets_first_and_the_second_time_nothing(run: Run, project: str) -> None:
    first, second = run("apply -f -", pod(project, "eth0")), run("apply -f -", pod(project, "eth0"))

    assert first.told() == [
        "created virtual-network blue",
        "created virtual-machine-interface eth0",
        f"created instance-ip {project.split(':')[-1]}-eth0",
    ]
    assert [line.split()[0] for line in second.told()] == ["unchanged"] * 3
    assert second.stderr == "nothing to change: 3 objects are as described\n"


def test_a_second_apply_sends_no_write(run: Run, project: str, api_url: str) -> None:
    run("apply -f -", pod(project, "eth0"))
    before = run(f"get vn {project}:blue").stdout
    run("apply -f -", pod(project, "eth0"))

    assert run(f"get vn {project}:blue").stdout == before


def test_apply_changes_what_differs_and_says_what(run: Run, project: str) -> None:
    run("apply -f -", network(project, "blue"))
    changed = run("apply -f -", network(project, "blue", display_name="Blue", network_ipam_refs=None))

    assert json.loads(changed.stdout)[0]["changed"] == ["display_name", "network_ipam_refs"]
    shown = json.loads(run(f"get vn {project}:blue").stdout)["virtual-network"]
    assert shown["display_name"] == "Blue"
    assert "network_ipam_refs" not in shown


def test_what_get_writes_can_be_applied(run: Run, project: str) -> None:
    run("apply -f -", pod(project, "eth0"))
    shown = [
        yaml.safe_load(run(f"get {name} -o yaml").stdout) for name in (f"vn {project}:blue", f"vmi {project}:eth0", f"project {project}")
    ]

    assert [line.split()[0] for line in run("apply -f -", shown).told()] == ["unchanged"] * 3


def test_what_list_writes_in_detail_can_be_applied(run: Run, project: str) -> None:
    run("apply -f -", [network(project, "blue"), network(project, "red", "10.0.1.0")])
    listed = json.loads(run(f"list vn --parent {project} --detail").stdout)

    assert [line.split()[0] for line in run("apply -f -", listed).told()] == ["unchanged"] * 2


def test_interfaces_that_refer_to_each_other_are_both_made_and_linked(run: Run, project: str) -> None:
    def interface(name: str, other: str) -> dict[str, Any]:
        to = [*project.split(":"), other]
        links = {"virtual_network_refs": [{"to": [*to[:-1], "blue"]}], "virtual_machine_interface_refs": [{"to": to}]}
        return {"vmi": {"fq_name": f"{project}:{name}", "parent_type": "project", **links}}

    bundle = [interface("one", "two"), interface("two", "one"), network(project, "blue")]

    first, second = run("apply -f -", bundle), run("apply -f -", bundle)

    assert first.code == 0, first.stderr
    assert [line.split()[0] for line in second.told()] == ["unchanged"] * 3
    assert [
        ref["to"][-1]
        for ref in json.loads(run(f"get vmi {project}:one").stdout)["virtual-machine-interface"]["virtual_machine_interface_refs"]
    ] == ["two"]


def test_a_dry_run_tells_and_does_nothing(run: Run, project: str) -> None:
    told = run("apply -f - --dry-run", pod(project, "eth0"))

    assert [line.split()[0] for line in told.told()] == ["created"] * 3
    assert told.stderr == "3 created (dry run: the server has checked it, nothing is changed)\n"
    assert run(f"get vn {project}:blue").code == 3


def test_a_dry_run_tells_what_the_server_would_refuse(run: Run, project: str) -> None:
    ran = run("apply -f - --dry-run", [*pod(project, "eth0"), network(project, "bad", is_shared="perhaps")])

    assert ran.code == 1
    assert "is_shared" in ran.stderr
    assert f"at virtual-network {project}:bad, from stdin" in ran.stderr


def test_a_refusal_names_the_object_and_nothing_of_the_others_is_done(run: Run, project: str) -> None:
    bad = network(project, "bad", is_shared="perhaps")

    ran = run("apply -f -", [network(project, "good"), bad])

    assert (ran.code, ran.stdout) == (1, "")
    assert "is_shared" in ran.stderr
    assert f"at virtual-network {project}:bad, from stdin" in ran.stderr
    assert run(f"get vn {project}:good").code == 3


def test_of_more_than_fit_in_one_request_those_before_the_refusal_are_done_and_told(
    run: Run, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carry, "LARGEST", 2)
    networks = [network(project, f"n{number}", f"10.0.{number}.0") for number in range(4)]

    ran = run("apply -f -", [*networks, network(project, "bad", is_shared="perhaps")])

    assert ran.code == 1
    assert ran.told() == [f"created virtual-network n{number}" for number in range(4)]
    assert f"at virtual-network {project}:bad, from stdin" in ran.stderr


def test_an_unknown_kind_is_not_found(run: Run) -> None:
    assert run("list virtual-netwrok").code == 3
    assert run("apply -f -", {"virtual-netwrok": {"fq_name": ["a"]}}).code == 3


def test_create_of_what_exists_is_a_conflict_and_a_parent_that_does_not_is_not_found(run: Run, project: str) -> None:
    assert run(f"create project {project}").code == 4
    assert run("create vn default-domain:nowhere:blue --set parent_type=project").code == 3


def test_delete_refuses_while_others_refer(run: Run, project: str) -> None:
    run("apply -f -", pod(project, "eth0"))

    refused = run(f"delete vn {project}:blue")
    assert refused.code == 4
    assert "Delete when resource still referred" in refused.stderr
    assert run(f"delete iip {project.split(':')[-1]}-eth0").code == 0
    assert run(f"delete vmi {project}:eth0").code == 0
    assert run(f"delete vn {project}:blue").code == 0


def test_lists_know_parents_filters_and_columns(run: Run, project: str) -> None:
    run("apply -f -", [network(project, "blue"), network(project, "red", "10.0.1.0", display_name="Red")])

    assert run(f"list vn --parent {project} -o name").stdout == f"{project}:blue\n{project}:red\n"
    assert run(f"list vn --parent {project} --filter display_name==Red --count").stdout == "1\n"
    assert "10.0.1.0/24" in run(f"list vn --parent {project} -o wide").stdout.splitlines()[2]


def test_a_hundred_objects_are_compared_25_at_a_time(run: Run, project: str) -> None:
    bundle = [{"network-ipam": {"fq_name": f"{project}:ipam, no {number}", "parent_type": "project"}} for number in range(100)]

    assert run("apply -f -", bundle).stderr == "100 created\n"
    assert run("apply -f -", bundle).stderr == "nothing to change: 100 objects are as described\n"


def test_search_finds_what_a_text_names(run: Run, project: str) -> None:
    run("apply -f -", network(project, "blue"))

    found = run(f"search {project}:blue --kinds vn -o json")
    table = run(f"search {project}:blue -o table")

    assert [":".join(each["fq_name"]) for each in json.loads(found.stdout)] == [f"{project}:blue"]
    assert f"{project}:blue" in table.stdout
    assert "exact fq_name" in table.stdout
    assert run("search 10.0.0.7 --limit 1 -o name").stdout.count("\n") == 1


def test_utilization_tells_how_full_a_network_is(run: Run, project: str) -> None:
    run("apply -f -", network(project, "blue"))

    found = run(f"utilization --network {project}:blue -o json")
    csv = run(f"utilization --project {project} --by project -o csv")

    assert [(row["cidr"], row["used"], row["free"]) for row in json.loads(found.stdout)["rows"]] == [("10.0.0.0/24", 0, 252)]
    assert csv.stdout.splitlines() == ["project,family,used,reserved,free,total,full", f"{project},v4,0,4,252,256,0%"]
    assert run(f"utilization --network {project}:nothing").code == 3


def test_schema_tells_what_a_kind_is_made_of(run: Run) -> None:
    assert "virtual-network" in run("schema -o name").stdout.splitlines()
    assert json.loads(run("schema vn").stdout)["refs"]["network_ipam_refs"]["kind"] == "network-ipam"
    lines = run("schema vn -o csv").stdout.splitlines()
    assert "mtu,property,integer 0..9216" in lines
    assert "network_ipam_refs,ref,network-ipam (VnSubnetsType)" in lines


def test_delete_asks_for_a_state_if_it_is_told_one(run: Run, project: str) -> None:
    run("apply -f -", network(project, "blue"))
    state = json.loads(run(f"get vn {project}:blue").stdout)["virtual-network"]["id_perms"]["last_modified"]

    refused = run(f"delete vn {project}:blue --if-match 2001-01-01T00:00:00.000000")

    assert (refused.code, state in refused.stderr) == (1, True)
    assert run(f"delete vn {project}:blue --if-match {state}").code == 0
    assert run(f"delete vn {project}:a {project}:b --if-match {state}").code == 2
