"""A cluster of the old kube-manager is taken over as it is where the worker is told to, and left alone where it is not (section 8)."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from kube_sync.model.names import annotations_of
from tests.kube.double import nad, pod
from tests.kube.sync.scene import Document, Scene

ADDRESSES = {"default": "10.40.0.9", "blue": "10.1.1.77"}


def marked(**marks: str) -> dict[str, Any]:
    return {"annotations": {"key_value_pair": [{"key": key, "value": value} for key, value in marks.items()]}}


class OldManager:
    """Makes objects as the old kube-manager did: random uuids, its names, its annotations, and none on a definition's network."""

    def __init__(self, cluster: Scene) -> None:
        self.cluster = cluster
        self.api = cluster.api
        self.names = cluster.names
        self.networks: dict[str, str] = {}

    def marks(self, kind: str, name: str, **more: str) -> dict[str, Any]:
        project = self.names.project("default")[-1]
        return marked(owner="k8s", cluster=self.names.cluster, project=project, kind=kind, namespace="default", name=name, **more)

    async def provision(self) -> None:
        project, marks = list(self.names.default_project), self.marks("Namespace", "default")
        await self.api.create("project", {"fq_name": project, "parent_type": "domain", **marks})
        pods = {"subnets": [{"subnet": {"ip_prefix": "10.32.0.0", "ip_prefix_len": 12}}]}
        ipam = {"fq_name": list(self.names.pod_ipam), "parent_type": "project", "ipam_subnet_method": "flat-subnet", "ipam_subnets": pods}
        await self.api.create("network-ipam", ipam)
        refs = [{"to": list(self.names.pod_ipam), "attr": {"ipam_subnets": []}}]
        shape: Document = {"parent_type": "project", "address_allocation_mode": "flat-subnet-only", "network_ipam_refs": refs}
        shape |= {"virtual_network_properties": {"forwarding_mode": "l3"}}
        made = await self.api.create("virtual-network", {"fq_name": list(self.names.default_network), **shape, **marks})
        self.networks["default"] = str(made["uuid"])

    async def define(self, name: str, prefix: str) -> None:
        ipam = {"fq_name": list(self.names.ipam("default", name)), "parent_type": "project"}
        await self.api.create("network-ipam", ipam)
        subnets = {"ipam_subnets": [{"subnet": {"ip_prefix": prefix, "ip_prefix_len": 24}, "subnet_uuid": str(uuid4())}]}
        network = {"fq_name": list(self.names.network("default", name)), "parent_type": "project"}
        made = await self.api.create("virtual-network", {**network, "network_ipam_refs": [{"to": ipam["fq_name"], "attr": subnets}]})
        self.networks[name] = str(made["uuid"])

    async def attach(self, found: Document, *networks: str) -> list[str]:
        """A pod's machine, interfaces and addresses; the uuids of the interfaces."""
        name, uid = found["metadata"]["name"], found["metadata"]["uid"]
        machine = {"fq_name": list(self.names.machine("default", name)), "uuid": uid, "server_type": "container"}
        await self.api.create("virtual-machine", {**machine, **self.marks("Pod", name, k8s_uuid=uid, labels="{}")})
        uuids = [str(uuid4()) for _ in ("default", *networks)]
        for index, (uuid, network) in enumerate(zip(uuids, ("default", *networks), strict=True)):
            marks = self.marks("Pod", name, index=f"{index}/{len(uuids)}", network=network)
            refs = {"virtual_machine_refs": [{"uuid": uid}], "virtual_network_refs": [{"uuid": self.networks[network]}]}
            interface = {"fq_name": [*self.names.default_project, f"{name}__{uuid}"], "parent_type": "project", "uuid": uuid}
            await self.api.create("virtual-machine-interface", {**interface, **refs, **marks})
            holds = {"virtual_network_refs": refs["virtual_network_refs"], "virtual_machine_interface_refs": [{"uuid": uuid}]}
            address = str(uuid4())
            held = {"instance_ip_address": ADDRESSES[network]} if name == "web-0" else {}
            await self.api.create("instance-ip", {"fq_name": [f"{name}__{address}"], "uuid": address, **holds, **held})
        return uuids


async def test_with_adopt_pods_keep_their_interfaces_and_addresses_and_new_pods_are_as_usual(cluster: Scene) -> None:
    old = OldManager(cluster)
    await old.provision()
    await old.define("blue", "10.1.1.0")
    web, gone = cluster.kube.kubectl.apply([nad("blue", cidr="10.1.1.0/24"), pod("web-0", networks="blue"), pod("gone")])[1:]
    uuids = await old.attach(web, "blue")
    await old.attach(gone)
    cluster.kube.kubectl.delete("pods", "gone", grace=0)
    network = cluster.names.network("default", "blue")
    cluster.settings = replace(cluster.settings, adopt=True, adopt_networks=frozenset({":".join(network)}))

    async with cluster.worker() as worker:
        await cluster.complete("web-0")
        await cluster.gone("gone")
        adopted = await cluster.interfaces("web-0")
        cluster.kube.kubectl.apply(pod("new", networks="blue"))
        await cluster.complete("new")
        await cluster.settled()
        drifted = worker.figures()["attachment_drift"]
    cluster.settings = replace(cluster.settings, adopt=False, adopt_networks=frozenset())
    cluster.tap.clear()
    async with cluster.worker():
        await cluster.settled()
        written_by_the_next = cluster.tap.writes
        cluster.kube.kubectl.delete("pods", "web-0", grace=0)
        await cluster.gone("web-0")

    assert [interface.uuid for interface in adopted] == uuids
    assert [interface.addresses for interface in adopted] == [["10.40.0.9"], ["10.1.1.77"]]
    assert [interface.annotations["index"] for interface in adopted] == ["0/2", "1/2"]
    assert drifted == 0
    assert written_by_the_next == []
    assert await cluster.addresses_in(network) == (await cluster.interfaces("new"))[1].addresses
    assert [interface.uuid for interface in await cluster.interfaces("new")] != uuids
    assert cluster.names.owns(await cluster.found("virtual-network", network) or {})


async def test_without_adopt_nothing_of_the_old_manager_is_used_or_changed(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("blue", cidr="10.1.1.0/24"))
    web = cluster.kube.kubectl.apply(pod("web-0"))[0]
    async with cluster.worker():
        await cluster.complete("web-0")
        await cluster.until(lambda: cluster.found("virtual-network", cluster.names.network("default", "blue")))
        old = OldManager(cluster)
        old.networks["default"] = await cluster.api.find("virtual-network", cluster.names.default_network)
        await old.define("red", "10.1.3.0")
        other = cluster.kube.kubectl.apply(pod("theirs", node=""))[0]
        await old.attach(other)
        cluster.kube.kubelet.bind("theirs")
        cluster.kube.kubectl.apply(nad("red", cidr="10.1.3.0/24"))
        told = [await cluster.event("NameCollision", "theirs"), await cluster.event("NameCollision", "red")]
        before = await cluster.found("virtual-network", cluster.names.network("default", "red"))

    assert cluster.names.machine("default", "theirs")[0] in told[0]
    assert "red-pod-ipam is a network-ipam of somebody else" in told[1]
    assert not cluster.names.owns(before or {})
    assert await cluster.machines("theirs") == [other["metadata"]["uid"]]
    assert await cluster.machines("web-0") == [web["metadata"]["uid"]]


async def test_what_the_first_builds_of_this_worker_made_is_its_own_though_its_marks_do_not_say_so(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([nad("blue", cidr="10.1.1.0/24"), pod("web-0", networks="blue"), pod("web-1")])
    async with cluster.worker():
        await cluster.complete("web-0", "web-1")
        await cluster.settled()
    for kind in ("project", "network-ipam", "virtual-network", "virtual-machine", "virtual-machine-interface"):
        for row in await cluster.api.list(kind, fields=["annotations"]):
            if cluster.names.owns(row):
                marks = {key: value for key, value in annotations_of(row).items() if key != "manager"}
                await cluster.api.update(kind, str(row["uuid"]), marked(**marks))
    before = cluster.status("web-0"), await cluster.interfaces("web-0")

    async with cluster.worker():
        cluster.kube.kubectl.delete("pods", "web-1", grace=0)
        cluster.kube.kubectl.apply(pod("web-2", networks="blue"))
        await cluster.complete("web-2")
        await cluster.gone("web-1")
        await cluster.settled()

    assert (cluster.status("web-0"), await cluster.interfaces("web-0")) == before
