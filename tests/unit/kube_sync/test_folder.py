"""A folder of manifests as a cluster: what an API server would complete, and what a slip must not destroy."""

from pathlib import Path

import pytest

from kube_sync.cluster.source import Event
from kube_sync.model.objects import DEFINITION, NAMESPACE, POD, Key
from tests.unit.kube_sync.reading import DEFINITION_MANIFEST, POD_MANIFEST, WEB, Reading


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


async def test_pods_and_definitions_are_read_and_completed(reading: Reading) -> None:
    reading.write("all.yaml", f"{POD_MANIFEST}---{DEFINITION_MANIFEST}---\nkind: Namespace\nmetadata: {{name: extns}}\n")

    async with reading:
        pod = reading.pods.get(WEB)

    assert pod is not None
    assert (pod.node, pod.finished, pod.selection) == ("local", False, "blue")
    assert [found.key for found in reading.definitions] == [Key(DEFINITION, "default", "blue")]


async def test_namespaces_are_those_that_are_made_and_those_that_something_is_in(reading: Reading) -> None:
    reading.write("pod.yaml", POD_MANIFEST.replace("name: web-0", "name: web-0\n  namespace: implied"))
    reading.write("ns.yaml", "kind: Namespace\nmetadata: {name: made, annotations: {opencontrail.org/isolation: 'true', other: x}}\n")

    async with reading:
        found = {namespace.key.name: namespace.annotations for namespace in reading.namespaces}
        present = await reading.folder.is_gone(Key(NAMESPACE, "", "implied"), next(iter(reading.namespaces)).uid)

    assert found == {"default": {}, "implied": {}, "made": {"opencontrail.org/isolation": "true"}}
    assert not present


async def test_the_same_folder_gives_the_same_uids_and_another_folder_others(tmp_path: Path) -> None:
    uids = []
    for name in ("one", "one", "other"):
        (tmp_path / name).mkdir(exist_ok=True)
        reading = Reading(tmp_path / name)
        reading.write("pod.yaml", POD_MANIFEST)
        async with reading:
            uids.append([found.uid for found in reading.pods])

    assert uids[0] == uids[1] != uids[2]


async def test_lists_and_json_are_read_as_kubectl_reads_them(reading: Reading) -> None:
    reading.write("list.json", '{"kind": "List", "items": [{"kind": "Pod", "metadata": {"name": "a", "namespace": "ns"}}]}')
    reading.write("notes.txt", "not a manifest")

    async with reading:
        found = [pod.key for pod in reading.pods]

    assert found == [Key(POD, "ns", "a")]


async def test_an_edit_is_a_change_and_a_vanished_file_a_delete(reading: Reading) -> None:
    reading.write("pod.yaml", POD_MANIFEST)
    reading.write("net.yaml", DEFINITION_MANIFEST)

    async with reading:
        reading.write("pod.yaml", POD_MANIFEST.replace("networks: blue", "networks: red-network"))
        await reading.pass_time()
        edited = reading.pods.get(WEB)
        (reading.path / "pod.yaml").unlink()
        await reading.pass_time()

    assert edited is not None
    assert edited.selection == "red-network"
    assert reading.pods.get(WEB) is None
    assert len(reading.definitions) == 1


async def test_a_folder_that_does_not_change_tells_nothing(reading: Reading) -> None:
    reading.write("pod.yaml", POD_MANIFEST)

    async with reading:
        reading.changes.clear()
        await reading.pass_time()

    assert reading.changes == []


@pytest.mark.parametrize("text", ["kind: [", "\x00", "- 7", "kind: Pod\nmetadata: {name: multiNetworkPod}"])
async def test_a_file_that_cannot_be_read_is_told_and_the_others_are_read(reading: Reading, text: str) -> None:
    reading.write("bad.yaml", text)
    reading.write("good.yaml", POD_MANIFEST)

    async with reading:
        found = [pod.key for pod in reading.pods]

    assert found == [WEB]
    assert list(reading.folder.faults) == ["bad.yaml"]
    assert reading.said[0].startswith("bad.yaml: ")


async def test_a_slip_of_the_pen_deletes_nothing(reading: Reading) -> None:
    reading.write("pod.yaml", POD_MANIFEST)

    async with reading:
        reading.write("pod.yaml", "kind: [")
        await reading.pass_time()
        kept = reading.pods.get(WEB)
        vouched = await reading.folder.is_gone(Key(POD, "default", "other"), "uid")

    assert kept is not None
    assert not vouched


async def test_only_what_this_folder_once_held_can_be_called_gone(reading: Reading) -> None:
    reading.write("pod.yaml", POD_MANIFEST)

    async with reading:
        uid = next(iter(reading.pods)).uid
        present = await reading.folder.is_gone(WEB, uid)
        foreign = await reading.folder.is_gone(WEB, "uid-of-a-real-cluster")
        (reading.path / "pod.yaml").unlink()
        await reading.pass_time()
        gone = await reading.folder.is_gone(WEB, uid)

    assert (present, foreign, gone) == (False, False, True)


async def test_files_are_never_written(reading: Reading) -> None:
    reading.write("pod.yaml", POD_MANIFEST)
    before = (reading.path / "pod.yaml").stat()

    async with reading:
        pod = next(iter(reading.pods))
        await reading.folder.publish(pod, '[{"name": "n", "interface": "eth0", "ips": ["10.0.0.1"], "mac": "02:00:00:00:00:01"}]')

    assert (reading.path / "pod.yaml").stat() == before
    assert reading.said == ["Pod default/web-0: eth0 on n: 10.0.0.1, 02:00:00:00:00:01"]


async def test_an_event_is_said_once(reading: Reading) -> None:
    for _ in range(2):
        await reading.folder.tell(Event(WEB, "uid", "InvalidCIDR", "it is wrong"))

    assert reading.said == ["Pod default/web-0: InvalidCIDR: it is wrong"]
