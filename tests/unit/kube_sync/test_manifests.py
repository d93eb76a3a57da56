"""Files of manifests, and the pods that workloads stand for."""

import io
from pathlib import Path
from typing import Any

import pytest

from kube_sync.cluster.manifests import STDIN, Files
from kube_sync.cluster.workloads import MOST, pods_of
from kube_sync.model.objects import POD, Key
from tests.unit.kube_sync.reading import DEFINITION_MANIFEST, POD_MANIFEST, WEB, Reading

TEMPLATE = {"metadata": {"annotations": {"k8s.v1.cni.cncf.io/networks": "blue"}}, "spec": {"hostNetwork": False}}


def names(kind: str, **spec: Any) -> list[str]:
    workload = {"kind": kind, "metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": TEMPLATE, **spec}}
    return [f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in pods_of(workload)]


@pytest.mark.parametrize(
    ("kind", "spec", "numbers"),
    [
        ("Deployment", {"replicas": 2}, [0, 1]),
        ("Deployment", {}, [0]),
        ("Deployment", {"replicas": None}, [0]),
        ("ReplicaSet", {"replicas": 0}, []),
        ("StatefulSet", {"replicas": 2, "ordinals": {"start": 5}}, [5, 6]),
        ("DaemonSet", {}, [0]),
        ("Job", {"parallelism": 3, "completions": 2}, [0, 1]),
        ("Job", {}, [0]),
    ],
)
def test_a_workload_stands_for_the_pods_that_its_controller_would_make(kind: str, spec: dict[str, Any], numbers: list[int]) -> None:
    assert names(kind, **spec) == [f"shop/web-{number}" for number in numbers]


@pytest.mark.parametrize("replicas", [-1, MOST + 1, "three", 1.5])
def test_a_number_of_pods_that_cannot_be_is_refused(replicas: Any) -> None:
    with pytest.raises(ValueError, match=r"spec\.replicas"):
        names("Deployment", replicas=replicas)


async def test_the_pods_of_a_workload_have_the_annotations_of_its_template(tmp_path: Path) -> None:
    reading = Reading(tmp_path)
    reading.write("web.yaml", f"kind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: 2, template: {TEMPLATE}}}\n")

    async with reading:
        found = {pod.key: pod.selection for pod in reading.pods}

    assert found == {Key(POD, "default", "web-0"): "blue", Key(POD, "default", "web-1"): "blue"}


async def test_a_single_file_is_a_folder_of_one(tmp_path: Path) -> None:
    (tmp_path / "pod.manifest").write_text(POD_MANIFEST)

    async with Reading(tmp_path / "pod.manifest") as reading:
        assert [pod.key for pod in reading.pods] == [WEB]


async def test_what_comes_through_a_pipe_is_read_once_and_never_calls_anything_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{POD_MANIFEST}---{DEFINITION_MANIFEST}"))

    async with Reading(STDIN) as reading:
        uid = next(iter(reading.pods)).uid
        found = (len(reading.pods), len(reading.definitions))
        gone = await reading.folder.is_gone(Key(POD, "default", "other"), uid)

    assert found == (1, 1)
    assert not gone


def test_folders_in_the_folder_are_read_when_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "pod.yaml").write_text(POD_MANIFEST)
    (tmp_path / "net.yaml").write_text(DEFINITION_MANIFEST)

    flat, deep = (Files(tmp_path, recursive=recursive) for recursive in (False, True))

    assert [flat.name(path) for path in flat] == ["net.yaml"]
    assert [deep.name(path) for path in deep] == ["base/pod.yaml", "net.yaml"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f"{POD_MANIFEST}---\nkind: Pod\nmetadata: {{generateName: web-}}\n",
            "all.yaml document 2: Pod left out: metadata.generateName 'web-'",
        ),
        (f"{POD_MANIFEST}---\n---\n- 7\n", "all.yaml document 3: not a Kubernetes object: [7]"),
        ("kind: List\nitems: [{kind: Pod, metadata: {name: Web}}]\n", "all.yaml item 1: Pod left out: metadata.name 'Web'"),
        ("kind: PodList\nitems: [7]\n", "all.yaml item 1: not a Kubernetes object: 7"),
        ("kind: Pod\nmetadata: {name: a, annotations: {k8s.v1.cni.cncf.io/networks: true}}\n", "all.yaml: Pod left out: Expected `str`"),
        ("kind: Deployment\nmetadata: {name: a}\nspec: {replicas: many}\n", "all.yaml: Deployment left out: spec.replicas 'many'"),
        ("kind: [\n", "all.yaml: while parsing"),
    ],
)
async def test_a_fault_names_the_file_and_the_number_of_the_document(tmp_path: Path, text: str, told: str) -> None:
    reading = Reading(tmp_path)
    reading.write("all.yaml", text)

    async with reading:
        assert reading.said[0].startswith(told)
        assert not reading.folder.is_whole()


async def test_what_makes_no_network_and_no_pod_is_passed_over_and_said(tmp_path: Path) -> None:
    reading = Reading(tmp_path)
    reading.write("all.yaml", f"{POD_MANIFEST}---\nkind: Service\n---\nkind: ConfigMap\n---\nkind: Service\n---\nkind: IPAllowList\n")

    async with reading:
        assert reading.said == ["passed over, since they make no pods and no networks: 1 ConfigMap, 1 IPAllowList, 2 Service"]
        assert reading.folder.is_whole()


async def test_an_object_that_is_known_is_taken_for_that_one(tmp_path: Path) -> None:
    reading = Reading(tmp_path, known={WEB: "uid-in-the-cluster"})
    reading.write("all.yaml", f"{POD_MANIFEST}---{DEFINITION_MANIFEST}")

    async with reading:
        pod, definition = next(iter(reading.pods)), next(iter(reading.definitions))
        gone = await reading.folder.is_gone(Key(POD, "default", "other"), "uid-of-another-in-the-cluster")

    assert pod.uid == "uid-in-the-cluster"
    assert definition.uid not in {"", pod.uid}
    assert not gone
