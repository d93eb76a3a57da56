"""B49: what `plan` tells is what a run then does, and telling it writes nothing."""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from typer.testing import CliRunner, Result

import netweave
from kube_sync.clock import SystemClock
from kube_sync.cluster.http import HttpKubeApi, configuration
from kube_sync.cluster.live import LiveCluster
from kube_sync.commands import _plan, kube_sync
from kube_sync.options import Options
from kube_sync.reconcile.worker import Worker
from kube_sync.rehearsal.calls import EVENT, STATUS, WARNING, Call, Plan
from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene

VERSION = re.compile(r', "resourceVersion": "[^"]*"')


async def planned(scene: Scene) -> Plan:
    """What the command tells."""
    options = Options(api_url=scene.api_url, kubeconfig=scene.kubeconfig, cluster_name=scene.names.cluster, workers=1)
    plan, whole = await _plan(options)
    assert whole
    return plan


async def run(scene: Scene) -> None:
    """What the command would do, done."""
    clock = SystemClock()
    async with netweave.AsyncClient(scene.api_url) as api, HttpKubeApi(configuration(scene.kubeconfig)) as kube:
        await Worker(api, LiveCluster(kube, clock), replace(scene.settings, workers=1), clock, patience=0).converge()


def told(calls: Iterable[Call]) -> list[str]:
    """Planned calls in a form that can be compared with `seen`."""
    return _sorted((call.action, call.kind, call.sent) for call in calls)


def seen(scene: Scene) -> list[str]:
    """The writes that both APIs saw and did not refuse."""
    entries = [entry for method, path, body in scene.tap.done for entry in _entries(method, path, body)]
    asked = [each for each in scene.kube.recorder.writes() if (each.status or 500) < 400 or each.resource == "events"]
    writes = [(_action(each.path, each.body), _kind(each.path, each.body), _sent(each.body)) for each in asked]
    # What was told once counts as told: an Event that is there is refused, and its count raised.
    told = {each[2]["uid"] + each[2]["message"]: each for each in writes if each[0] in {EVENT, WARNING} and "reason" in each[2]}
    return _sorted([*entries, *told.values(), *(each for each in writes if each[0] not in {EVENT, WARNING})])


def _sorted(calls: Iterable[tuple[str, str, Any]]) -> list[str]:
    """In one order, and without the versions of objects that a plan has not changed and a run has."""
    return sorted(f"{action} {kind} {VERSION.sub('', json.dumps(sent, sort_keys=True))}" for action, kind, sent in calls)


def _entries(method: str, path: str, body: Any) -> list[tuple[str, str, Any]]:
    if path == "/v2/bulk":
        return [(_operation(entry), entry["kind"], entry["data"]) for entry in body["resources"]]
    if path == "/ref-update":
        return [("add-ref" if body["operation"] == "ADD" else "remove-ref", body["type"], {**body, "attr": None})]
    kind, _, uuid = path.strip("/").partition("/")
    if method == "DELETE":
        return [("delete", kind, {"uuid": uuid})]
    document = body[kind.removesuffix("s") if method == "POST" else kind]
    return [("create", kind.removesuffix("s"), document) if method == "POST" else ("update", kind, {"uuid": uuid, **document})]


def _operation(entry: Any) -> str:
    if entry.get("operation") == "ref-update":
        return "add-ref" if entry["data"]["operation"] == "ADD" else "remove-ref"
    return str(entry.get("operation") or "create")


def _action(path: str, body: Any) -> str:
    if "/events" in path:
        return WARNING if body.get("type") == "Warning" else EVENT
    if path.endswith("/status"):
        return STATUS
    if "/customresourcedefinitions" in path:
        return "install"
    return "finalizers" if "finalizers" in body["metadata"] else "annotate"


def _kind(path: str, body: Any) -> str:
    kinds = {"pods": "Pod", "network-attachment-definitions": "NetworkAttachmentDefinition"}
    return next((kind for word, kind in kinds.items() if f"/{word}/" in path), body.get("involvedObject", {}).get("kind", body.get("kind")))


def _sent(body: Any) -> Any:
    """What is sent; of an Event, what it tells of whom."""
    if "involvedObject" not in body:
        return body
    return {"uid": body["involvedObject"]["uid"], "reason": body["reason"], "message": body["message"]}


async def fresh(scene: Scene) -> None:
    """Nothing was ever made; two pods can have what they ask for, one cannot."""
    scene.kube.kubectl.apply([nad("blue", cidr="10.1.1.0/24"), nad("red", cidr="10.1.2.0/24,fd01::/64"), nad("bad", cidr="10.1.1.0")])
    scene.kube.kubectl.apply([pod("web-0", networks="blue,red"), pod("web-1", networks="blue"), pod("web-2", networks="bad")])


async def half_made(scene: Scene) -> None:
    """A worker was killed on its way."""
    await fresh(scene)
    await run(scene)
    for interface in (await scene.interfaces("web-0"))[1:]:
        for row in await scene.api.list("instance-ip", back_ref_id=interface.uuid):
            await scene.api.delete("instance-ip", str(row["uuid"]))
    await scene.api.delete("virtual-machine-interface", (await scene.interfaces("web-0"))[2].uuid)


async def edited(scene: Scene) -> None:
    """One definition has another prefix, which nobody uses; one has another which somebody uses; a pod has another selection."""
    scene.kube.kubectl.apply(nad("idle", cidr="10.1.1.0/24"))
    await fresh(scene)
    await run(scene)
    scene.kube.kubectl.apply([nad("idle", cidr="10.1.9.0/24"), nad("blue", cidr="10.1.8.0/24")])
    scene.kube.kubectl.annotate("pods", "web-1", {"k8s.v1.cni.cncf.io/networks": "red"})


async def gone(scene: Scene) -> None:
    """Pods went while nobody watched; a definition is being deleted, and can go."""
    await fresh(scene)
    await run(scene)
    for name in ("web-0", "web-1"):
        scene.kube.kubectl.delete("pods", name, grace=0)
    scene.kube.kubectl.delete("net-attach-def", "red")


async def crowded(scene: Scene) -> None:
    """A prefix with four addresses, five pods that want one, and none of it made."""
    scene.kube.kubectl.apply([nad("small", cidr="10.1.1.0/29"), *(pod(f"web-{number}", networks="small") for number in range(5))])


@pytest.mark.parametrize("state", [fresh, half_made, edited, gone, crowded], ids=lambda state: state.__name__)
async def test_b49_the_plan_is_what_the_run_does_and_telling_it_writes_nothing(cluster: Scene, state: Any) -> None:
    await state(cluster)
    cluster.tap.clear()
    cluster.kube.recorder.clear()
    plan = await planned(cluster)
    assert seen(cluster) == []
    assert cluster.tap.writes == []

    await run(cluster)

    assert told(plan) == seen(cluster)
    assert len(plan) > 0


@pytest.mark.double
async def test_b49_on_a_cluster_that_lacks_the_crd_its_installation_is_planned_and_pods_are_not_kept_waiting(scene: Scene) -> None:
    scene.kube.kubectl.apply(pod("web-0"))
    scene.kube.recorder.clear()
    plan = await planned(scene)
    assert seen(scene) == []

    await run(scene)

    assert told(plan) == seen(scene)
    assert [call.kind for call in plan if call.action == "install"] == ["CustomResourceDefinition"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "manifests"
    made.mkdir()
    (made / "nets.yaml").write_text(yaml.safe_dump_all([nad("blue", cidr="10.1.1.0/24"), nad("small", cidr="10.1.2.0/29")]))
    (made / "pods.yaml").write_text(yaml.safe_dump_all(pod(f"web-{n}", networks="blue", node="") for n in range(2)))
    return made


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """The command sends logs to the stderr of its run, which ends with it; other tests need theirs."""
    yield
    structlog.reset_defaults()


async def command(scene: Scene, *words: str, stdin: str = "") -> Result:
    """`netweave kube-sync`, in this process."""
    line = [*words, "--api-url", scene.api_url, "--cluster-name", scene.names.cluster, "--workers", "1"]
    return await asyncio.to_thread(CliRunner().invoke, kube_sync, line, stdin)


async def test_b49_the_plan_of_a_folder_is_what_the_run_does_and_afterwards_there_is_nothing_to_do(scene: Scene, folder: Path) -> None:
    before = await command(scene, "plan", "-f", str(folder), "-o", "json")
    assert scene.tap.writes == []
    run = await command(scene, "--manifests", str(folder), "--once")
    done = seen(scene)
    after = await command(scene, "plan", "-f", str(folder))

    assert (before.exit_code, run.exit_code, after.exit_code) == (2, 0, 0)
    plan = json.loads(before.stdout)
    assert _sorted((each["action"], each["kind"], each["sent"]) for each in plan["calls"]) == done
    addresses = [each["detail"].partition(" ")[0] for each in plan["calls"] if each["kind"] == "instance-ip"]
    assert len(addresses) == 4
    assert [address for address in addresses if address not in run.stdout] == []
    assert after.stdout == "Nothing to do.\n"


async def test_what_the_run_would_be_refused_is_in_the_plan(scene: Scene, folder: Path) -> None:
    (folder / "bad.yaml").write_text(yaml.safe_dump(nad("bad", cidr="10.1.1.0")))
    (folder / "many.yaml").write_text(yaml.safe_dump_all(pod(f"many-{n}", networks="small", node="") for n in range(5)))
    told = await command(scene, "plan", "-f", str(folder))

    assert told.exit_code == 2
    assert '! InvalidCIDR NetworkAttachmentDefinition default/bad: opencontrail.org/cidr "10.1.1.0"' in told.stdout
    assert "! SubnetExhausted Pod default/many-" in told.stdout
    assert told.stdout.splitlines()[-1].endswith(" 2 warnings.")


async def test_a_dry_run_tells_the_same_as_plan(scene: Scene, folder: Path) -> None:
    plan = await command(scene, "plan", "-f", str(folder))
    dry = await command(scene, "--manifests", str(folder), "--dry-run")

    assert (plan.exit_code, dry.exit_code) == (2, 2)
    assert plan.stdout == dry.stdout
    assert scene.tap.writes == []


async def test_a_plan_can_be_had_of_a_pipe_and_of_a_single_file(scene: Scene, folder: Path) -> None:
    piped = await command(scene, "plan", "-f", "-", stdin=(folder / "nets.yaml").read_text())
    alone = await command(scene, "plan", "-f", str(folder / "nets.yaml"))
    absent = await command(scene, "plan", "-f", str(folder / "absent.yaml"))

    networks = [[line for line in each.stdout.splitlines() if "-pod-network 10.1." in line] for each in (piped, alone)]
    assert (piped.exit_code, alone.exit_code, absent.exit_code) == (2, 2, 1)
    assert len(networks[0]) == 2
    assert networks[0] == networks[1]
    assert "absent.yaml': is no file and no folder" in absent.stderr


async def test_a_plan_of_a_file_that_cannot_be_read_is_exit_code_1(scene: Scene, folder: Path) -> None:
    (folder / "bad.yaml").write_text("kind: [")
    told = await command(scene, "plan", "-f", str(folder))

    assert told.exit_code == 1
    assert "bad.yaml: " in told.stderr
