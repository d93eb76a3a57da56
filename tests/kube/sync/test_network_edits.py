"""Definitions that are edited, made again, or become another's (B12, B40, G9, G15)."""

import json
from typing import Any

from kube_sync.model.objects import FINALIZER, USERS
from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene

CIDR, GATEWAY, NETWORK = "opencontrail.org/cidr", "opencontrail.org/gateway", "opencontrail.org/network"


async def subnets(scene: Scene, name: str) -> dict[str, str]:
    """The prefixes of a definition's network, each with its gateway."""
    network = await scene.found("virtual-network", scene.names.network("default", name)) or {}
    found = [entry for ref in network.get("network_ipam_refs", ()) for entry in ref["attr"]["ipam_subnets"]]
    return {f"{entry['subnet']['ip_prefix']}/{entry['subnet']['ip_prefix_len']}": entry["default_gateway"] for entry in found}


async def become(scene: Scene, name: str, expected: dict[str, str]) -> None:
    """Return when the network has these subnets."""

    async def has_become() -> bool:
        return await subnets(scene, name) == expected

    await scene.until(has_become)


def definition(scene: Scene, name: str) -> dict[str, Any]:
    return dict((scene.kube.kubectl.get("net-attach-def", name) or {"metadata": {}})["metadata"])


async def test_b12_another_prefix_or_gateway_waits_for_the_last_address_but_a_second_family_does_not(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([nad("blue", cidr="10.1.1.0/24"), pod("web-0", networks="blue")])
    blue = cluster.names.network("default", "blue")

    async with cluster.worker():
        await cluster.complete("web-0")
        cluster.kube.kubectl.annotate("net-attach-def", "blue", {CIDR: "10.1.1.0/24,2001:db8::/64"})
        both = {"10.1.1.0/24": "10.1.1.254", "2001:db8::/64": "2001:db8::ffff:ffff:ffff:fffe"}
        await become(cluster, "blue", both)
        cluster.kube.kubectl.apply(pod("web-1", networks="blue"))
        await cluster.complete("web-1")
        cluster.kube.kubectl.annotate("net-attach-def", "blue", {CIDR: "10.2.2.5/24", GATEWAY: "10.2.2.7"})
        message = await cluster.event("CIDRImmutable", "blue")
        unchanged, held = await subnets(cluster, "blue"), await cluster.addresses_in(blue)
        cluster.kube.kubectl.delete("pods", "web-0", grace=0)
        cluster.kube.kubectl.delete("pods", "web-1", grace=0)
        await become(cluster, "blue", {"10.2.2.0/24": "10.2.2.7"})
        normalised = await cluster.event("CIDRNormalized", "blue")
        cluster.kube.kubectl.annotate("net-attach-def", "blue", {GATEWAY: "10.2.2.9"})
        await become(cluster, "blue", {"10.2.2.0/24": "10.2.2.9"})
        cluster.kube.kubectl.apply(pod("web-2", networks="blue"))
        await cluster.complete("web-2")

    assert unchanged == both
    assert held == ["10.1.1.251", "10.1.1.252", "2001:db8::ffff:ffff:ffff:fffc"]
    assert "default/web-0, default/web-1 hold addresses" in message
    assert "10.2.2.5/24 is the prefix 10.2.2.0/24" in normalised
    assert [row["ips"] for row in cluster.status("web-2")][1:] == [["10.2.2.254"]]


async def test_a_definition_may_become_a_map_a_network_again_and_another_plug_ins(cluster: Scene) -> None:
    target = ("default-domain", f"{cluster.names.cluster}-extns", "data")
    await cluster.network(target)
    mapped = json.dumps(dict(zip(("domain", "project", "name"), target, strict=True)))
    cluster.kube.kubectl.apply([nad("blue", cidr="10.1.1.0/24"), pod("web-0", networks="blue")])
    name = cluster.names.network("default", "blue")

    async with cluster.worker():
        await cluster.complete("web-0")
        cluster.kube.kubectl.annotate("net-attach-def", "blue", {CIDR: None, NETWORK: mapped})
        waits = await cluster.event("NetworkInUse", "blue")
        cluster.kube.kubectl.apply(pod("web-1", networks="blue"))
        await cluster.complete("web-1")
        users = definition(cluster, "blue")["annotations"].get(USERS)
        cluster.kube.kubectl.delete("pods", "web-0", grace=0)
        await cluster.kube.eventually(lambda: not definition(cluster, "blue").get("finalizers"), 60)
        after = definition(cluster, "blue")
        given_back = await cluster.found("virtual-network", name)
        cluster.kube.kubectl.annotate("net-attach-def", "blue", {CIDR: "10.1.1.0/24", NETWORK: None})
        await become(cluster, "blue", {"10.1.1.0/24": "10.1.1.254"})
        held = definition(cluster, "blue")["finalizers"]
        cluster.kube.kubectl.patch("net-attach-def", "blue", {"spec": {"config": '{"type": "macvlan"}'}})
        await cluster.kube.eventually(lambda: not definition(cluster, "blue").get("finalizers"), 60)

    assert "default/web-0" in waits
    assert users == "default/web-0"
    assert USERS not in after["annotations"]
    assert given_back is None
    assert held == [FINALIZER]
    assert (await cluster.interfaces("web-1"))[1].network == "data"
    assert await cluster.found("virtual-network", name) is None
    assert await cluster.found("network-ipam", cluster.names.ipam("default", "blue")) is None


async def test_g15_a_definition_made_again_has_the_network_still_there_and_its_own_prefix_when_that_is_empty(
    cluster: Scene,
) -> None:
    cluster.kube.kubectl.apply([nad("blue", cidr="10.1.1.0/24"), pod("web-0", networks="blue")])
    async with cluster.worker():
        await cluster.complete("web-0")
    uuid = await cluster.api.find("virtual-network", cluster.names.network("default", "blue"))

    for cidr in ("10.1.1.0/24", "10.7.7.0/24"):
        cluster.kube.kubectl.patch("net-attach-def", "blue", {"metadata": {"finalizers": None}})
        cluster.kube.kubectl.delete("net-attach-def", "blue")
        cluster.kube.kubectl.apply(nad("blue", cidr=cidr))
    async with cluster.worker():
        await cluster.event("CIDRImmutable", "blue")
        held = await cluster.addresses_in(cluster.names.network("default", "blue"))
        cluster.kube.kubectl.delete("pods", "web-0", grace=0)
        await become(cluster, "blue", {"10.7.7.0/24": "10.7.7.254"})

    assert held == ["10.1.1.252"]
    assert await cluster.api.find("virtual-network", cluster.names.network("default", "blue")) == uuid


async def test_b40_many_users_are_told_as_some_and_how_many_more(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("blue", cidr="10.1.1.0/24"))
    names = [f"web-{at:02}" for at in range(13)]
    cluster.kube.kubectl.apply([pod(name, networks="blue") for name in names])

    async with cluster.worker():
        await cluster.complete(*names)
        cluster.kube.kubectl.delete("net-attach-def", "blue")
        await cluster.kube.eventually(lambda: USERS in definition(cluster, "blue")["annotations"], 60)
        users = definition(cluster, "blue")["annotations"][USERS]
        for name in names:
            cluster.kube.kubectl.delete("pods", name, grace=0)
        await cluster.kube.eventually(lambda: cluster.kube.kubectl.get("net-attach-def", "blue") is None, 60)

    assert users.count("default/web-") == 10
    assert users.endswith(" and 3 more")
