"""What definitions and pods may ask for (B06 to B08, B11, B22, D11, 2.9, 8)."""

import json
from dataclasses import replace
from typing import Any

from kube_sync.model.names import FABRIC
from kube_sync.model.rules import ExtraSource, NadDelete, NamespacePolicy, OverlapPolicy
from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene

FORWARDING, SNAT = "opencontrail.org/ip_fabric_forwarding", "opencontrail.org/ip_fabric_snat"


def ruled(scene: Scene, **rules: Any) -> Scene:
    """A scene whose worker has these switches."""
    scene.settings = replace(scene.settings, rules=replace(scene.settings.rules, **rules))
    return scene


async def made(scene: Scene, name: str, namespace: str = "default") -> dict[str, Any]:
    """The network of a definition, once it is there."""
    return await scene.until(lambda: scene.found("virtual-network", scene.names.network(namespace, name)))


async def test_b06_networks_may_overlap_but_never_the_clusters_own_ranges(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([nad("one", cidr="10.1.1.0/24"), nad("other", cidr="10.1.0.0/16"), nad("services", cidr="10.96.7.0/24")])
    cluster.kube.kubectl.apply([pod("web-0", networks="one"), pod("web-1", networks="other")])

    async with cluster.worker():
        message = await cluster.event("OverlappingCIDR", "services")
        await cluster.complete("web-0", "web-1")

    assert "10.96.7.0/24 overlaps 10.96.0.0/12, the addresses of services" in message
    assert await cluster.found("virtual-network", cluster.names.network("default", "services")) is None


async def test_b06_where_overlap_is_denied_the_first_stays_also_after_a_restart(cluster: Scene) -> None:
    scene = ruled(cluster, overlap=OverlapPolicy.DENY)
    scene.kube.kubectl.apply(nad("first", cidr="10.1.1.0/24"))
    async with scene.worker():
        await made(scene, "first")
        scene.kube.kubectl.apply([nad("second", cidr="10.1.0.0/16"), pod("web-0", networks="second")])
        message = await scene.event("OverlappingCIDR", "second")
        refused = await scene.event("NetworkNotFound", "web-0")

    async with scene.worker():
        await scene.settled()
        still = await scene.found("virtual-network", scene.names.network("default", "second"))
        scene.kube.kubectl.delete("net-attach-def", "first")
        await scene.complete("web-0")

    assert "10.1.0.0/16 overlaps 10.1.1.0/24 of default/first" in message
    assert "OverlappingCIDR" in refused
    assert still is None


async def test_b07_a_definition_that_says_no_way_or_two_is_told_once_and_then_left_alone(cluster: Scene) -> None:
    target = {"domain": "default-domain", "project": "p", "name": "n"}
    cluster.kube.kubectl.apply([nad("neither"), nad("both", cidr="10.1.1.0/24", network=target)])

    async with cluster.worker():
        message = await cluster.event("ConflictingAnnotations", "neither")
        await cluster.event("ConflictingAnnotations", "both")
        await cluster.settled()
        cluster.tap.clear()
        cluster.kube.kubectl.annotate("net-attach-def", "neither", {"example.org/note": "touched"})
        await cluster.settled()

    assert "opencontrail.org/cidr (to make a network) or opencontrail.org/network (to use one) is needed" in message
    assert len(cluster.kube.kubectl.events("ConflictingAnnotations", "neither")) == 1
    assert cluster.tap.asked == []


async def test_b08_fabric_flags_reach_the_network_and_forwarding_wins(cluster: Scene) -> None:
    flags = {"forwarding": {FORWARDING: "True"}, "snat": {SNAT: "true"}, "both": {FORWARDING: "true", SNAT: "true"}, "bad": {SNAT: "yes"}}
    cluster.kube.kubectl.apply([nad(name, cidr=f"10.1.{at}.0/24", annotations=each) for at, (name, each) in enumerate(flags.items())])

    async with cluster.worker():
        networks = {name: await made(cluster, name) for name in ("forwarding", "snat", "both")}
        warning = await cluster.event("FabricForwardingWins", "both")
        refused = await cluster.event("InvalidAnnotation", "bad")
        cluster.kube.kubectl.annotate("net-attach-def", "both", {FORWARDING: "false"})

        async def translates() -> bool:
            return bool((await made(cluster, "both")).get("fabric_snat"))

        await cluster.until(translates)

    to_fabric = {name: [ref["to"] for ref in found.get("virtual_network_refs", [])] for name, found in networks.items()}
    assert to_fabric == {"forwarding": [list(FABRIC)], "snat": [], "both": [list(FABRIC)]}
    assert {name: bool(found.get("fabric_snat")) for name, found in networks.items()} == {"forwarding": False, "snat": True, "both": False}
    assert FORWARDING in warning
    assert '"yes"' in refused
    assert "virtual_network_refs" not in await made(cluster, "both")


async def test_b11_a_strangers_network_or_ipam_of_our_name_is_never_used_changed_or_removed(cluster: Scene) -> None:
    name, ipam = cluster.names.network("default", "blue"), cluster.names.ipam("default", "red")
    uuid = await cluster.network(name, "10.9.0.0/24")
    strangers = await cluster.api.create("network-ipam", {"fq_name": list(ipam), "parent_type": "project"})
    before = await cluster.api.read("virtual-network", uuid)
    cluster.kube.kubectl.apply([nad("blue", cidr="10.1.1.0/24"), nad("red", cidr="10.1.2.0/24"), pod("web-0", networks="blue")])

    async with cluster.worker():
        message = await cluster.event("NameCollision", "blue")
        await cluster.event("NameCollision", "red")
        refused = await cluster.event("NetworkNotFound", "web-0")
        cluster.kube.kubectl.delete("net-attach-def", "blue")
        await cluster.kube.eventually(lambda: cluster.kube.kubectl.get("net-attach-def", "blue") is None, 60)
        after = await cluster.api.read("virtual-network", uuid)
        cluster.kube.kubectl.apply(nad("blue", cidr="10.1.1.0/24"))
        await cluster.settled()
        await cluster.api.delete("virtual-network", uuid)
        await cluster.api.delete("network-ipam", strangers["uuid"])
        await cluster.complete("web-0")
        await made(cluster, "red")

    assert ":".join(name) in message
    assert "NameCollision" in refused
    assert after == before


async def test_b22_definitions_of_other_namespaces_are_denied_or_shared(cluster: Scene) -> None:
    scene = ruled(cluster, nad_namespaces=NamespacePolicy.LIST, shared_namespaces=frozenset({"infra"}))
    for namespace in ("infra", "bank"):
        scene.kube.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        scene.kube.kubectl.apply(nad("blue", namespace, cidr="10.1.1.0/24"))
    scene.kube.kubectl.apply([pod("shared", networks="infra/blue"), pod("denied", networks="infra/blue,bank/blue")])
    async with scene.worker():
        message = await scene.event("CrossNamespaceDenied", "denied")
        await scene.complete("shared")

    async with ruled(scene, nad_namespaces=NamespacePolicy.SAME).worker():
        scene.kube.kubectl.apply([pod("late", networks="infra/blue"), pod("own", "infra", networks="blue")])
        await scene.event("CrossNamespaceDenied", "late")
        await scene.complete("own", namespace="infra")
        await scene.settled()
        kept = await scene.interfaces("shared")

    assert "bank/blue" in message
    assert "--nad-namespace-policy list" in message
    assert await scene.machines("denied") == []
    assert [interface.annotations["network"] for interface in kept] == ["default", "blue"]


async def test_an_orphaned_network_has_no_hold_on_its_definition_and_goes_with_its_last_pod(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([nad("blue", cidr="10.1.1.0/24"), pod("web-0", networks="blue")])
    async with cluster.worker():
        await cluster.complete("web-0")
        held = cluster.kube.kubectl.get("net-attach-def", "blue") or {}

    async with ruled(cluster, nad_delete=NadDelete.ORPHAN).worker():
        await cluster.kube.eventually(lambda: not (cluster.kube.kubectl.get("net-attach-def", "blue") or {})["metadata"].get("finalizers"))
        cluster.kube.kubectl.delete("net-attach-def", "blue")
        await cluster.settled()
        left = await cluster.interfaces("web-0")
        cluster.kube.kubectl.delete("pods", "web-0", grace=0)

        async def is_gone() -> bool:
            return await cluster.found("network-ipam", cluster.names.ipam("default", "blue")) is None

        await cluster.until(is_gone)

    assert held["metadata"]["finalizers"] == ["netweave.io/network"]
    assert [interface.annotations["network"] for interface in left] == ["default", "blue"]
    assert await cluster.found("virtual-network", cluster.names.network("default", "blue")) is None


async def test_another_template_names_new_networks_and_leaves_those_that_are_there(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("blue", cidr="10.1.1.0/24"))
    async with cluster.worker():
        old = await made(cluster, "blue")
    cluster.settings = replace(cluster.settings, vn_name_template="{namespace}.{nad}")
    cluster.kube.kubectl.apply([nad("red", cidr="10.1.2.0/24"), pod("web-0", networks="blue,red")])
    async with cluster.worker():
        await cluster.complete("web-0")
        interfaces = await cluster.interfaces("web-0")
        cluster.kube.kubectl.delete("pods", "web-0", grace=0)
        cluster.kube.kubectl.delete("net-attach-def", "blue")
        await cluster.kube.eventually(lambda: cluster.kube.kubectl.get("net-attach-def", "blue") is None, 60)

    assert [interface.network for interface in interfaces[1:]] == [old["fq_name"][-1], "default.red"]
    assert await cluster.found("virtual-network", tuple(old["fq_name"])) is None
    assert await cluster.found("network-ipam", cluster.names.ipam("default", "blue")) is None


async def test_the_newer_lines_annotation_makes_a_network_with_its_route_targets(cluster: Scene) -> None:
    described = {"ipamV4Subnet": "10.1.1.0/24", "ipamV6Subnet": "2001:db8::/64", "routeTargetList": ["target:64999:7"]}
    cluster.kube.kubectl.apply(nad("vn1", annotations={"juniper.net/networks": json.dumps(described)}))
    cluster.kube.kubectl.apply(nad("slip", annotations={"juniper.net/networks": json.dumps(described | {"fabricSnat": True})}))
    cluster.kube.kubectl.apply(pod("web-0", networks="vn1"))

    async with ruled(cluster, extra_source=ExtraSource.JUNIPER).worker():
        message = await cluster.event("InvalidAnnotation", "slip")
        await cluster.complete("web-0")
        network = await made(cluster, "vn1")
        changed = json.dumps(described | {"routeTargetList": [], "exportRouteTargetList": ["target:64999:8"]})
        cluster.kube.kubectl.annotate("net-attach-def", "vn1", {"juniper.net/networks": changed})

        async def exports() -> list[str]:
            found = (await made(cluster, "vn1")).get("export_route_target_list") or {}
            return list(found.get("route_target") or ())

        await cluster.until(exports)
        await cluster.settled()
        cluster.tap.clear()
        cluster.kube.kubectl.annotate("net-attach-def", "vn1", {"example.org/note": "touched"})
        await cluster.settled()

    assert "fabricSnat" in message
    assert network["route_target_list"] == {"route_target": ["target:64999:7"]}
    assert await exports() == ["target:64999:8"]
    assert [len(row["ips"]) for row in cluster.status("web-0")] == [1, 2]
    assert cluster.tap.writes == []


async def test_what_the_configuration_api_refuses_is_told_in_its_words(cluster: Scene) -> None:
    await cluster.network(("default-domain", f"{cluster.names.cluster}-default", "other"))
    project = await cluster.api.find("project", cluster.names.default_project)
    await cluster.api.update("project", project, {"quota": {"virtual_network": 2}})
    cluster.kube.kubectl.apply([nad("blue", cidr="10.1.1.0/24"), nad("red", cidr="10.1.2.0/24")])

    async with cluster.worker():
        message = await cluster.event("NetworkRefused")

    assert "quota" in message.lower()
