"""`netweave kube-sync --manifests DIR --once`: a folder as a cluster, on the real server."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene

ROOT = Path(__file__).parents[3]
COMMAND = "from netweave.cli import main; main()"
DATA_NETWORK = ("default-domain", "k8s-extns", "k8s-extns-pod-network")


async def kube_sync(scene: Scene, folder: Path, *more: str) -> tuple[int, str]:
    """Run the command once; its exit status, and all that it said."""
    arguments = [
        "kube-sync",
        "--api-url",
        scene.api_url,
        "--cluster-name",
        scene.names.cluster,
        "--manifests",
        str(folder),
        "--once",
        *more,
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "clients")]), "TERM": "dumb", "COLUMNS": "300"}
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMAND, *arguments, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await run.communicate()
    return run.returncode or 0, said.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "manifests"
    made.mkdir()
    (made / "net.yaml").write_text(yaml.safe_dump(nad("blue", cidr="10.1.1.0/24")))
    (made / "pod.yaml").write_text(yaml.safe_dump(pod("web-0", networks="blue", node="")))
    return made


async def test_the_examples_become_the_interfaces_that_the_founding_text_describes(scene: Scene, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    waiting, told = await kube_sync(scene, tmp_path / "examples")
    if await scene.found("virtual-network", DATA_NETWORK) is None:
        await scene.network(DATA_NETWORK, "10.20.0.0/24")
    done, said = await kube_sync(scene, tmp_path / "examples")

    assert (waiting, done) == (2, 0)
    assert ":".join(DATA_NETWORK) in told
    two, four = await scene.interfaces("multi-network-pod"), await scene.interfaces("ubuntu-pod-3")
    assert [interface.network.removeprefix(f"{scene.names.cluster}-") for interface in two] == [
        "default-pod-network",
        "network-a-pod-network",
        "network-b-pod-network",
    ]
    assert [interface.addresses[0].rpartition(".")[0] for interface in four][1:] == ["10.10.20", "10.10.30", "10.10.10", "10.20.0"]
    assert all(interface.addresses[0] in said and interface.mac in said for interface in four)


async def test_a_second_run_writes_nothing(scene: Scene, folder: Path) -> None:
    first = await kube_sync(scene, folder)
    scene.tap.clear()
    second = await kube_sync(scene, folder)

    assert (first[0], second[0]) == (0, 0)
    assert scene.tap.writes == []


async def test_what_vanished_from_the_folder_between_two_runs_goes(scene: Scene, folder: Path) -> None:
    await kube_sync(scene, folder)
    shutil.move(folder / "pod.yaml", folder / "pod.txt")
    shutil.move(folder / "net.yaml", folder / "net.txt")
    code, _ = await kube_sync(scene, folder)

    assert code == 0
    assert await scene.machines("web-0") == []
    assert await scene.found("virtual-network", scene.names.network("default", "blue")) is None
    assert await scene.found("network-ipam", scene.names.ipam("default", "blue")) is None


async def test_another_folder_of_the_same_cluster_name_is_not_touched(scene: Scene, folder: Path, tmp_path: Path) -> None:
    await kube_sync(scene, folder)
    (tmp_path / "empty").mkdir()
    code, _ = await kube_sync(scene, tmp_path / "empty")

    assert code == 0
    assert len(await scene.interfaces("web-0")) == 2


async def test_what_is_refused_is_said_and_is_exit_code_2(scene: Scene, folder: Path) -> None:
    (folder / "bad.yaml").write_text(yaml.safe_dump(nad("bad", cidr="10.1.1.0")))
    code, said = await kube_sync(scene, folder)

    assert code == 2
    assert "NetworkAttachmentDefinition default/bad: InvalidCIDR: opencontrail.org/cidr" in said


async def test_a_file_that_cannot_be_read_is_said_and_is_exit_code_2(scene: Scene, folder: Path) -> None:
    (folder / "bad.yaml").write_text("kind: [")
    code, said = await kube_sync(scene, folder)

    assert code == 2
    assert "bad.yaml: " in said
    assert len(await scene.interfaces("web-0")) == 2


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--cluster-name", "K8S"], "--cluster-name 'K8S'"),
        (["--pod-subnet", "10.32.0.1/12"], "--pod-subnet '10.32.0.1/12'"),
        (["--kubeconfig", "x"], "excludes --kubeconfig"),
        (["--api-url", "http://127.0.0.1:1"], "http://127.0.0.1:1"),
    ],
)
async def test_a_setting_that_cannot_be_is_one_line_and_exit_code_1(scene: Scene, folder: Path, more: list[str], told: str) -> None:
    code, said = await kube_sync(scene, folder, *more)

    assert code == 1
    assert told in said
    assert "Traceback" not in said


async def test_other_pod_subnets_than_those_in_use_are_refused(scene: Scene, folder: Path) -> None:
    await kube_sync(scene, folder)
    code, said = await kube_sync(scene, folder, "--pod-subnet", "10.96.0.0/12")

    assert code == 1
    assert "has 10.32.0.0/12, but --pod-subnet says 10.96.0.0/12" in said
