"""Behaviours of networks (B01 to B05, B13, B14, B40): the double and the real server, a worker between them."""

import pytest

from tests.kube.double import nad, nad_definition, pod
from tests.kube.sync.scene import Scene


@pytest.mark.double
async def test_b01_an_absent_crd_is_installed_as_v1_and_watched(scene: Scene) -> None:
    async with scene.worker():
        await scene.kube.eventually(lambda: "network-attachment-definitions" in scene.kube.open_watches, 60)

    crd = scene.kube.kubectl.get("customresourcedefinitions", "network-attachment-definitions.k8s.cni.cncf.io")
    assert crd is not None
    assert crd["apiVersion"] == "apiextensions.k8s.io/v1"
    assert crd["spec"]["names"]["shortNames"] == ["net-attach-def"]
    assert [version["name"] for version in crd["spec"]["versions"]] == ["v1"]


async def test_b01_a_crd_that_is_there_is_left_alone(scene: Scene) -> None:
    manifest = nad_definition()
    manifest["metadata"]["labels"] = {"made-by": "multus"}
    before = scene.kube.kubectl.apply(manifest)[0]

    async with scene.worker():
        await scene.kube.eventually(lambda: "network-attachment-definitions" in scene.kube.open_watches, 60)

    assert scene.kube.kubectl.get("crd", before["metadata"]["name"]) == before


@pytest.mark.double
async def test_b01_without_rights_for_the_crd_it_is_told_and_plain_pods_work(scene: Scene) -> None:
    scene.kube.faults.forbid(verb="create", resource="customresourcedefinitions")
    scene.kube.kubectl.apply(pod("plain"))

    async with scene.worker():
        message = await scene.event("DefinitionsUnavailable")
        await scene.complete("plain")

    assert "network-attachment-definitions.k8s.cni.cncf.io" in message
    assert len(await scene.interfaces("plain")) == 1


async def test_s10_the_cluster_wide_network_exists_without_any_definition(scene: Scene) -> None:
    async with scene.worker():
        network = await scene.until(lambda: scene.found("virtual-network", scene.names.default_network))

    assert network["display_name"] == "cluster-wide-network"
    assert network["network_ipam_refs"][0]["to"] == list(scene.names.pod_ipam)


async def test_b02_way_a_makes_network_and_ipam_and_then_is_quiet(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("right-network", cidr="10.1.1.5/24"))

    async with cluster.worker():
        name = cluster.names.network("default", "right-network")
        network = await cluster.until(lambda: cluster.found("virtual-network", name))
        await cluster.settled()
        cluster.tap.clear()
        cluster.kube.kubectl.annotate("net-attach-def", "right-network", {"example.org/note": "touched"})
        await cluster.settled()

    subnet = network["network_ipam_refs"][0]["attr"]["ipam_subnets"][0]
    assert network["network_ipam_refs"][0]["to"] == list(cluster.names.ipam("default", "right-network"))
    assert subnet["subnet"] == {"ip_prefix": "10.1.1.0", "ip_prefix_len": 24}
    assert subnet["default_gateway"] == "10.1.1.254"
    assert cluster.names.owns(network)
    assert cluster.names.owns(await cluster.found("network-ipam", cluster.names.ipam("default", "right-network")) or {})
    assert cluster.tap.writes == []


async def test_b03_way_b_uses_a_network_and_never_makes_or_removes_one(cluster: Scene) -> None:
    target = ("default-domain", f"{cluster.names.cluster}-extns", "data")
    uuid = await cluster.network(target)
    cluster.kube.kubectl.apply([nad("data", network=dict(zip(("domain", "project", "name"), target, strict=True)))])
    cluster.kube.kubectl.apply(pod("web-0", networks="data"))

    async with cluster.worker():
        await cluster.complete("web-0")
        interfaces = await cluster.interfaces("web-0")
        cluster.kube.kubectl.delete("pods", "web-0", grace=0)
        cluster.kube.kubectl.delete("net-attach-def", "data")
        await cluster.gone("web-0")
        await cluster.settled()

    assert interfaces[1].network == "data"
    assert await cluster.found("virtual-network", cluster.names.network("default", "data")) is None
    assert await cluster.api.find("virtual-network", target) == uuid


async def test_b04_a_missing_target_is_told_and_the_pod_completes_when_it_appears(cluster: Scene) -> None:
    target = ("default-domain", f"{cluster.names.cluster}-later", "data")
    cluster.kube.kubectl.apply(nad("data", network=dict(zip(("domain", "project", "name"), target, strict=True))))
    cluster.kube.kubectl.apply(pod("web-0", networks="data"))

    async with cluster.worker():
        message = await cluster.event("NetworkNotFound", "web-0")
        machines = await cluster.machines("web-0")
        await cluster.network(target)
        await cluster.complete("web-0")

    assert ":".join(target) in message
    assert machines == []


async def test_b05_bad_prefixes_are_told_and_harm_no_other_definition(cluster: Scene) -> None:
    prefixes = ["10.1.1.0", "300.1.1.0/24", "10.1.1.0/33", "10.1.1.0/30", "fe80::/129"]
    cluster.kube.kubectl.apply([nad(f"bad-{at}", cidr=cidr) for at, cidr in enumerate(prefixes)])
    cluster.kube.kubectl.apply(nad("bad-empty", annotations={"opencontrail.org/cidr": ""}))
    cluster.kube.kubectl.apply(nad("good", cidr="10.1.1.0/24"))

    async with cluster.worker():
        await cluster.until(lambda: cluster.found("virtual-network", cluster.names.network("default", "good")))
        messages = [await cluster.event("InvalidCIDR", f"bad-{at}") for at in range(len(prefixes))]
        await cluster.event("InvalidCIDR", "bad-empty")
        await cluster.settled()

    assert all(cidr in message for cidr, message in zip(prefixes, messages, strict=True))
    networks = await cluster.api.list("virtual-network", parent_fq_name=cluster.names.default_project)
    assert {row["fq_name"][-1] for row in networks} == {cluster.names.default_network[-1], cluster.names.network("default", "good")[-1]}


@pytest.mark.parametrize("config", ['{"type": ', '{"plugins": [{"type": "macvlan"}]}'], ids=["broken", "another plug-in"])
async def test_b13_a_bad_config_never_stops_the_definitions_after_it(cluster: Scene, config: str) -> None:
    cluster.kube.kubectl.apply(nad("bad", cidr="10.1.1.0/24", config=config))

    async with cluster.worker():
        await cluster.settled()
        cluster.kube.kubectl.apply(nad("good", cidr="10.1.2.0/24"))
        await cluster.until(lambda: cluster.found("virtual-network", cluster.names.network("default", "good")))

    assert await cluster.found("virtual-network", cluster.names.network("default", "bad")) is None


async def test_b14_a_definition_applied_a_hundred_times_is_written_once(cluster: Scene) -> None:
    manifest = nad("blue", cidr="10.1.1.0/24")
    cluster.kube.kubectl.apply(manifest)

    async with cluster.worker():
        await cluster.until(lambda: cluster.found("virtual-network", cluster.names.network("default", "blue")))
        await cluster.settled()
        cluster.tap.clear()
        for _ in range(100):
            cluster.kube.kubectl.apply(manifest)
        await cluster.settled()

    assert cluster.tap.writes == []


async def test_b40_a_used_network_stays_until_its_last_pod_has_gone(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("blue", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply([pod(f"web-{at}", networks="blue") for at in range(3)])
    name, ipam = cluster.names.network("default", "blue"), cluster.names.ipam("default", "blue")

    async with cluster.worker():
        await cluster.complete("web-0", "web-1", "web-2")
        cluster.kube.kubectl.delete("net-attach-def", "blue")
        message = await cluster.event("NetworkInUse", "blue")
        cluster.kube.kubectl.apply(pod("late", networks="blue"))
        refused = await cluster.event("NetworkNotFound", "late")
        held = await cluster.addresses_in(name)
        deleting = cluster.kube.kubectl.get("net-attach-def", "blue")
        for at in range(3):
            cluster.kube.kubectl.delete("pods", f"web-{at}", grace=0)
        await cluster.kube.eventually(lambda: cluster.kube.kubectl.get("net-attach-def", "blue") is None, 60)

    assert all(f"default/web-{at}" in message for at in range(3))
    assert "being deleted" in refused
    assert len(held) == 3
    assert deleting is not None
    assert deleting["metadata"]["deletionTimestamp"]
    assert await cluster.found("virtual-network", name) is None
    assert await cluster.found("network-ipam", ipam) is None
    assert await cluster.machines("late") == []
