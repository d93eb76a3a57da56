"""Behaviours of namespaces (B42, B50, S6, 2.4): the double and the real server, a worker between them."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

import netweave
from kube_sync.cluster.cache import Cache
from kube_sync.model.defaults import ISOLATION
from kube_sync.model.names import FABRIC, FqName, Names, annotations_of
from kube_sync.model.networks import FORWARDING, SNAT
from kube_sync.model.objects import NETWORK
from kube_sync.model.refusals import NameCollision, Wait
from kube_sync.reconcile.adoption import Adoption
from kube_sync.reconcile.cluster_wide import ClusterWide
from kube_sync.reconcile.projects import Projects
from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene
from tests.unit.kube_sync.fakes import FakeClock


def namespace(name: str, **annotations: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "annotations": annotations}}


def isolated(name: str, **annotations: str) -> dict[str, Any]:
    return namespace(name, **{ISOLATION: "true"}, **annotations)


def naming(fq_name: FqName) -> dict[str, str]:
    return {NETWORK: json.dumps(dict(zip(("domain", "project", "name"), fq_name, strict=True)))}


def reference(fq_name: FqName) -> str:
    return "/".join(fq_name[1:])


async def first_network(cluster: Scene, name: str, namespace: str) -> str:
    """The network of a pod's first interface, and of its default status entry: they are the same."""
    interface, entry = (await cluster.interfaces(name, namespace))[0], cluster.status(name, namespace)[0]
    assert entry["name"].endswith(f"/{interface.network}")
    assert entry["default"]
    return str(entry["name"])


@pytest.mark.double
async def test_without_rights_for_namespaces_it_is_told_and_pods_work(cluster: Scene) -> None:
    cluster.kube.faults.forbid(verb="list", resource="namespaces")
    cluster.kube.kubectl.apply(pod("web-0"))

    async with cluster.worker():
        message = await cluster.event("NamespacesUnavailable")
        await cluster.complete("web-0")

    assert "namespaces" in message
    assert len(await cluster.interfaces("web-0")) == 1


async def test_b50_isolation_comes_and_goes_for_new_pods_and_running_ones_keep_what_they_have(cluster: Scene) -> None:
    own = cluster.names.isolated_network("team")
    cluster.kube.kubectl.apply([namespace("team"), pod("before", "team")])

    async with cluster.worker():
        await cluster.complete("before", namespace="team")
        cluster.kube.kubectl.annotate("namespaces", "team", {ISOLATION: "true", SNAT: "true", FORWARDING: "false"})
        cluster.kube.kubectl.apply(pod("during", "team"))
        await cluster.complete("during", namespace="team")
        network = await cluster.found("virtual-network", own) or {}
        cluster.kube.kubectl.annotate("namespaces", "team", {FORWARDING: "true"})
        await cluster.event("FabricForwardingWins", "team")
        forwarding = await cluster.found("virtual-network", own) or {}
        project = await cluster.found("project", cluster.names.project("team")) or {}
        cluster.kube.kubectl.annotate("namespaces", "team", {ISOLATION: None, SNAT: None, FORWARDING: None})
        message = await cluster.event("NetworkInUse", "team")
        cluster.kube.kubectl.apply(pod("after", "team"))
        await cluster.complete("after", namespace="team")
        await cluster.settled()
        networks = [await first_network(cluster, name, "team") for name in ("before", "during", "after")]
        cluster.kube.kubectl.delete("pods", "during", "team", grace=0)
        await cluster.until(lambda: cluster.missing("virtual-network", own))

    assert networks == [cluster.names.default_reference, reference(own), cluster.names.default_reference]
    assert network["network_ipam_refs"][0]["to"] == list(cluster.names.pod_ipam)
    assert (network["fabric_snat"], forwarding["fabric_snat"]) == (True, False)
    assert [ref["to"] for ref in forwarding["virtual_network_refs"]] == [list(FABRIC)]
    uid = (cluster.kube.kubectl.get("namespaces", "team") or {})["metadata"]["uid"]
    assert {key: annotations_of(project)[key] for key in ("k8s_uuid", "isolated")} == {"k8s_uuid": uid, "isolated": "True"}
    assert "team/during" in message


async def test_s6_the_first_hit_decides_the_default_network_and_further_networks_never_do(cluster: Scene) -> None:
    of_pod, of_namespace = (("default-domain", f"{cluster.names.cluster}-shared", name) for name in ("of-pod", "of-namespace"))
    await cluster.network(of_pod, "10.5.0.0/24")
    await cluster.network(of_namespace, "10.6.0.0/24")
    cluster.kube.kubectl.apply([isolated("named", **naming(of_namespace)), isolated("alone"), nad("blue", cidr="10.1.1.0/24")])
    cluster.kube.kubectl.apply(pod("one", "named", annotations=naming(of_pod)))
    for at, name in enumerate(["named", "alone", "default"]):
        cluster.kube.kubectl.apply(pod(f"pod-{at}", name, networks="default/blue"))

    async with cluster.worker():
        await cluster.complete("one", namespace="named")
        for at, name in enumerate(["named", "alone", "default"]):
            await cluster.complete(f"pod-{at}", namespace=name)

    own = cluster.names.isolated_network("alone")
    assert await first_network(cluster, "one", "named") == reference(of_pod)
    assert await first_network(cluster, "pod-0", "named") == reference(of_namespace)
    assert await first_network(cluster, "pod-1", "alone") == reference(own)
    assert await first_network(cluster, "pod-2", "default") == cluster.names.default_reference
    assert cluster.status("pod-0", "named")[0]["ips"] == ["10.6.0.252"]
    assert [entry["name"] for entry in cluster.status("pod-1", "alone")] == [reference(own), "default/blue"]
    assert [each.annotations["network"] for each in await cluster.interfaces("pod-1", "alone")] == ["default", "blue"]


async def test_a_default_network_that_cannot_be_read_or_found_is_told_and_given_to_nobody(cluster: Scene) -> None:
    target = ("default-domain", f"{cluster.names.cluster}-later", "data")
    cluster.kube.kubectl.apply([namespace("bad", **{ISOLATION: "yes"}), namespace("later", **naming(target))])
    cluster.kube.kubectl.apply([pod("of-bad", "bad"), pod("of-later", "later"), pod("late", annotations=naming(target))])
    cluster.kube.kubectl.apply(pod("garbage", annotations={NETWORK: '{"name": "x"}'}))

    clock = FakeClock()

    async with cluster.worker(clock=clock):
        told = {name: await cluster.event("InvalidAnnotation", name) for name in ("bad", "garbage")}
        told |= {name: await cluster.event("NetworkNotFound", name) for name in ("of-bad", "of-later", "late", "later")}
        machines = [await cluster.machines(*where) for where in (("garbage",), ("late",), ("of-bad", "bad"), ("of-later", "later"))]
        await cluster.network(target)
        await clock.advance(Wait.TARGET.value)
        cluster.kube.kubectl.annotate("namespaces", "bad", {ISOLATION: None})
        await cluster.complete("late")
        await cluster.complete("of-later", namespace="later")
        await cluster.complete("of-bad", namespace="bad")

    assert machines == [[]] * 4
    assert f'{ISOLATION} must be "true" or "false", not "yes"' in told["bad"]
    assert f"{NETWORK} has domain" in told["garbage"]
    assert all(":".join(target) in told[name] for name in ("of-later", "late", "later"))
    assert {await first_network(cluster, "late", "default"), await first_network(cluster, "of-later", "later")} == {reference(target)}


async def test_b42_a_deleted_namespace_takes_everything_with_it_and_a_foreign_pod_holds_it_back(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([isolated("team", **{FORWARDING: "true"}), nad("blue", "team", cidr="10.1.1.0/24")])
    cluster.kube.kubectl.apply([pod("inside", "team", networks="blue"), pod("outside", networks="team/blue")])
    cluster.kube.kubelet.terminate_after = None
    project, own = cluster.names.project("team"), cluster.names.isolated_network("team")

    async with cluster.worker():
        await cluster.complete("inside", namespace="team")
        await cluster.complete("outside")
        cluster.kube.kubectl.delete("namespaces", "team")
        cluster.kube.kubectl.delete("pods", "inside", "team", grace=0)
        message = await cluster.event("NetworkInUse", "team")
        await cluster.gone("inside", "team")
        await cluster.settled()
        blocked = cluster.kube.kubectl.get("namespaces", "team")
        held = await cluster.addresses_in(cluster.names.network("team", "blue"))
        cluster.kube.kubectl.delete("pods", "outside", grace=0)
        await cluster.until(lambda: cluster.missing("project", project))
        await cluster.kube.eventually(lambda: cluster.kube.kubectl.get("namespaces", "team") is None, 60)

    assert "team/blue" in message
    assert "default/outside" in message
    assert blocked
    assert len(held) == 1
    assert await cluster.missing("virtual-network", own)
    assert await cluster.missing("network-ipam", cluster.names.ipam("team", "blue"))


async def test_d4_a_namespace_deleted_while_nobody_watched_takes_what_is_ours_and_nothing_else(cluster: Scene) -> None:
    names = ("empty", "kept", "foreign")
    await cluster.api.create("project", {"fq_name": list(cluster.names.project("foreign")), "parent_type": "domain"})
    cluster.kube.kubectl.apply([isolated(name) for name in names])
    async with cluster.worker():
        for name in names:
            await cluster.until(partial(cluster.found, "virtual-network", cluster.names.isolated_network(name)))
        await cluster.settled()
    stranger = (*cluster.names.project("kept"), "of-somebody-else")
    await cluster.network(stranger)
    for name in names:
        cluster.kube.kubectl.delete("namespaces", name)

    async with cluster.worker():
        message = await cluster.event("ProjectInUse", "kept")
        await cluster.until(lambda: cluster.missing("project", cluster.names.project("empty")))
        for name in names:
            await cluster.until(partial(cluster.missing, "virtual-network", cluster.names.isolated_network(name)))
        await cluster.settled()

    assert ":".join(stranger) in message
    assert await cluster.found("project", cluster.names.project("kept"))
    assert await cluster.found("project", cluster.names.project("foreign"))


async def test_b09_reserved_names_are_refused_and_the_networks_that_have_them_stay(cluster: Scene) -> None:
    reserved = {"default": cluster.names.default_network, "team": cluster.names.isolated_network("team")}
    cluster.kube.kubectl.apply([isolated("team"), pod("web-0"), pod("web-0", "team")])

    async with cluster.worker():
        await cluster.complete("web-0")
        await cluster.complete("web-0", namespace="team")
        before = [await cluster.found("virtual-network", fq_name) for fq_name in reserved.values()]
        for name in reserved:
            cluster.kube.kubectl.apply([nad(name, name, cidr="10.1.1.0/24"), pod("user", name, networks=name)])
        told = {name: await cluster.event("ReservedName", name) for name in reserved}
        waiting = [await cluster.event("NetworkNotFound", "user"), *[m for name in reserved for m in await cluster.machines("user", name)]]
        for name in reserved:
            cluster.kube.kubectl.delete("net-attach-def", name, name)
        await cluster.settled()

    assert all(":".join(fq_name) in told[name] for name, fq_name in reserved.items())
    assert len(waiting) == 1
    after = [await cluster.found("virtual-network", fq_name) for fq_name in reserved.values()]
    assert [(each or {})["uuid"] for each in after] == [(each or {})["uuid"] for each in before]
    assert [len((each or {})["network_ipam_refs"]) for each in after] == [1, 1]


async def test_b09_a_namespace_whose_networks_name_a_definition_had_first_is_told_and_not_isolated(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([namespace("team"), nad("team", "team", cidr="10.1.1.0/24"), pod("user", "team", networks="team")])

    async with cluster.worker():
        await cluster.complete("user", namespace="team")
        cluster.kube.kubectl.annotate("namespaces", "team", {ISOLATION: "true"})
        message = await cluster.event("NameCollision", "team")
        cluster.kube.kubectl.apply(pod("late", "team", networks="team"))
        await cluster.complete("late", namespace="team")
        first = await first_network(cluster, "late", "team")
        addresses = [entry["ips"][0] for name in ("user", "late") for entry in cluster.status(name, "team")[1:]]
        for name in ("user", "late"):
            cluster.kube.kubectl.delete("pods", name, "team", grace=0)
        cluster.kube.kubectl.delete("net-attach-def", "team", "team")
        cluster.kube.kubectl.apply(pod("isolated", "team"))
        await cluster.until(lambda: isolated_now(cluster))

    assert "NetworkAttachmentDefinition team/team" in message
    assert first == cluster.names.default_reference
    assert addresses == ["10.1.1.252", "10.1.1.251"]


async def isolated_now(cluster: Scene) -> bool:
    network = await cluster.found("virtual-network", cluster.names.isolated_network("team"))
    return bool(network and network.get("address_allocation_mode") == "flat-subnet-only")


async def test_the_default_namespace_cannot_be_isolated_and_its_pods_do_not_mind(cluster: Scene) -> None:
    cluster.kube.kubectl.annotate("namespaces", "default", {ISOLATION: "true"})
    cluster.kube.kubectl.apply(pod("web-0"))

    async with cluster.worker():
        message = await cluster.event("ReservedName", "default")
        await cluster.complete("web-0")

    assert "cannot be isolated" in message
    assert await first_network(cluster, "web-0", "default") == cluster.names.default_reference


def sharing(cluster: Scene) -> Scene:
    """The cluster with one project for all its namespaces."""
    project = ("default-domain", f"{cluster.names.cluster}-all")
    cluster.settings = replace(cluster.settings, cluster_project=project)
    cluster.names = replace(cluster.names, shared=project)
    return cluster


async def test_b10_namesakes_in_one_shared_project_are_two_networks_and_it_outlives_namespaces(cluster: Scene) -> None:
    cluster = sharing(cluster)
    cluster.kube.kubelet.terminate_after = None
    cluster.kube.kubectl.apply([*map(namespace, ("a", "b", "a-b")), nad("n1", "a", cidr="10.1.1.0/24"), nad("n1", "b", cidr="10.1.2.0/24")])
    cluster.kube.kubectl.apply([pod("web-0", "a", networks="n1"), pod("web-0", "b", networks="n1")])

    async with cluster.worker():
        await cluster.complete("web-0", namespace="a")
        await cluster.complete("web-0", namespace="b")
        cluster.kube.kubectl.apply(nad("b-n1", "a", cidr="10.1.3.0/24"))
        await cluster.until(lambda: cluster.found("virtual-network", cluster.names.network("a", "b-n1")))
        cluster.kube.kubectl.apply([nad("n1", "a-b", cidr="10.1.4.0/24"), pod("web-0", "a-b", networks="n1")])
        message = await cluster.event("NameCollision", "n1")
        refused = await cluster.event("NetworkNotFound", "web-0")
        cluster.kube.kubectl.delete("namespaces", "a")
        cluster.kube.kubectl.delete("pods", "web-0", "a", grace=0)
        await cluster.until(lambda: cluster.missing("virtual-network", cluster.names.network("a", "n1")))
        await cluster.settled()

    assert ":".join(cluster.names.ipam("a-b", "n1")) in message
    assert "NetworkAttachmentDefinition a/b-n1" in message
    assert "a-b/n1" in refused
    assert await cluster.addresses_in(cluster.names.network("b", "n1")) == cluster.status("web-0", "b")[1]["ips"]
    assert await first_network(cluster, "web-0", "b") == cluster.names.default_reference
    assert await cluster.found("project", cluster.names.project("a"))
    with pytest.raises(netweave.NotFound):
        await cluster.api.find("project", Names(cluster.names.cluster).default_project)


async def test_another_project_for_a_cluster_that_has_objects_is_refused(cluster: Scene) -> None:
    async with cluster.worker():
        await cluster.until(lambda: cluster.found("virtual-network", cluster.names.default_network))

    for project in (("default-domain", f"{cluster.names.cluster}-all"), cluster.names.default_project):
        names = replace(cluster.names, shared=project)
        adoption = Adoption(cluster.api, names, frozenset(), on=False)
        projects = Projects(cluster.api, names, Cache(lambda *_: None), adoption)
        with pytest.raises(NameCollision, match=r"--cluster-project cannot change"):
            await ClusterWide(cluster.api, names, projects, cluster.settings.rules.pod_subnets, adoption).ensure()
