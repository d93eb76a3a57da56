"""What others do in the configuration API is heard, not asked for (4.1, 9.4; B04, B12, B14, B24, B39)."""

from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene
from tests.kube.sync.tap import BULK


async def test_b04_a_target_that_comes_or_comes_back_completes_the_pod(cluster: Scene) -> None:
    target = ("default-domain", f"{cluster.names.cluster}-later", "data")
    cluster.kube.kubectl.apply(nad("data", network=dict(zip(("domain", "project", "name"), target, strict=True))))
    cluster.kube.kubectl.apply(pod("web-0", networks="data"))

    async with cluster.worker():
        await cluster.event("NetworkNotFound", "web-0")
        await cluster.settled()
        uuid = await cluster.network(target)
        await cluster.complete("web-0")
        cluster.kube.kubectl.delete("pods", "web-0", grace=0)
        await cluster.gone("web-0")
        await cluster.api.delete("virtual-network", uuid)
        cluster.kube.kubectl.apply(pod("web-1", networks="data"))
        await cluster.event("NetworkNotFound", "web-1")
        await cluster.network(target)
        await cluster.complete("web-1")


async def test_b39_an_address_that_anybody_frees_is_given_to_who_waits(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("tiny", cidr="10.1.1.0/29"))
    name = cluster.names.network("default", "tiny")

    async with cluster.worker():
        network = (await cluster.until(lambda: cluster.found("virtual-network", name)))["uuid"]
        refs = {"virtual_network_refs": [{"uuid": network}]}
        strangers = [await cluster.api.create("instance-ip", {"fq_name": [f"{network}-{at}"], **refs}) for at in range(4)]
        cluster.kube.kubectl.apply(pod("web-0", networks="tiny"))
        await cluster.event("SubnetExhausted", "web-0")
        await cluster.api.delete("instance-ip", strangers[1]["uuid"])
        await cluster.complete("web-0")
        cluster.kube.kubectl.annotate("net-attach-def", "tiny", {"opencontrail.org/cidr": "10.1.2.0/29"})
        await cluster.event("CIDRImmutable", "tiny")
        cluster.kube.kubectl.delete("pods", "web-0", grace=0)
        await cluster.gone("web-0")
        for at in (0, 2, 3):
            await cluster.api.delete("instance-ip", strangers[at]["uuid"])

        async def has_moved() -> bool:
            found = await cluster.api.read("virtual-network", network)
            return bool(found["network_ipam_refs"][0]["attr"]["ipam_subnets"][0]["subnet"]["ip_prefix"] == "10.1.2.0")

        await cluster.until(has_moved)


async def test_what_is_removed_behind_the_workers_back_comes_back(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([nad("blue", cidr="10.1.1.0/24"), nad("idle", cidr="10.1.2.0/24"), pod("web-0", networks="blue")])
    idle = cluster.names.network("default", "idle")

    async with cluster.worker():
        await cluster.complete("web-0")
        await cluster.until(lambda: cluster.found("virtual-network", idle))
        await cluster.settled()
        before = await cluster.interfaces("web-0")
        (address,) = await cluster.api.list("instance-ip", back_ref_id=before[1].uuid)
        await cluster.api.delete("instance-ip", address["uuid"])
        await cluster.api.delete("virtual-machine-interface", before[1].uuid)
        await cluster.api.delete("virtual-network", await cluster.api.find("virtual-network", idle))

        async def is_whole() -> bool:
            now = await cluster.interfaces("web-0")
            return [(each.uuid, each.addresses) for each in now] == [(each.uuid, each.addresses) for each in before]

        await cluster.until(is_whole)
        await cluster.until(lambda: cluster.found("virtual-network", idle))


async def test_b24_the_workers_own_writes_wake_nobody(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([nad("blue", cidr="10.1.1.0/24"), pod("first", networks="blue")])

    async with cluster.worker():
        await cluster.complete("first")
        await cluster.settled()
        cluster.tap.clear()
        cluster.kube.kubectl.apply(pod("web-0", networks="blue"))
        await cluster.complete("web-0")
        await cluster.settled()
        made = [path for _, path in cluster.tap.asked]
        cluster.tap.clear()
        cluster.kube.kubelet.replace("web-0")
        await cluster.settled()
        replaced = [path for _, path in cluster.tap.asked]

    assert made.count(BULK) == 1
    assert len(made) <= 4
    assert "/v2/changes" not in [*made, *replaced]
