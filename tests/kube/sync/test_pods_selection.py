"""What a pod may ask for in its selection (B15 to B20, S22 to S28): both forms, addresses, MACs, and what is refused."""

import json
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from kube_sync.settings import InvalidAnnotations
from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene

FOUR = "left-network,blue-network,right-network,extns/data-network"
FOUR_AS_JSON = json.dumps(
    [{"name": "left-network"}, {"name": "blue-network"}, {"name": "right-network"}, {"name": "data-network", "namespace": "extns"}],
    indent=2,
)


def selecting(**element: Any) -> str:
    return json.dumps([element])


def four_networks(cluster: Scene) -> None:
    cluster.kube.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "extns"}})
    for at, name in enumerate(["left-network", "blue-network", "right-network"]):
        cluster.kube.kubectl.apply(nad(name, cidr=f"10.1.{at}.0/24"))
    cluster.kube.kubectl.apply(nad("data-network", "extns", cidr="10.1.9.0/24"))


@pytest.mark.parametrize("selection", [FOUR, FOUR_AS_JSON, f"\n {FOUR.replace(',', ', ')}\n"], ids=["B15 names", "B16 json", "B16 blanks"])
async def test_b15_b16_four_networks_are_five_interfaces_in_order(cluster: Scene, selection: str) -> None:
    four_networks(cluster)
    cluster.kube.kubectl.apply(pod("ubuntu-pod-3", networks=selection))

    async with cluster.worker():
        await cluster.complete("ubuntu-pod-3")

    interfaces = await cluster.interfaces("ubuntu-pod-3")
    assert [interface.annotations["index"] for interface in interfaces] == ["0/5", "1/5", "2/5", "3/5", "4/5"]
    assert [interface.network for interface in interfaces] == [
        cluster.names.default_network[-1],
        *(cluster.names.network("", name)[-1] for name in ("left-network", "blue-network", "right-network", "data-network")),
    ]
    assert [interface.addresses for interface in interfaces][1:] == [["10.1.0.252"], ["10.1.1.252"], ["10.1.2.252"], ["10.1.9.252"]]
    assert {interface.fq_name[:2] for interface in interfaces} == {cluster.names.default_project}


async def test_b16_a_short_form_with_an_interface_name_records_it(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("web-0", networks="a@eth5"))

    async with cluster.worker():
        await cluster.complete("web-0")

    interfaces = await cluster.interfaces("web-0")
    assert interfaces[1].annotations["interface"] == "eth5"
    assert "interface" not in interfaces[0].annotations
    assert [entry["interface"] for entry in cluster.status("web-0")] == ["eth0", "eth5"]


async def test_b17_the_same_network_twice_is_two_interfaces_with_two_addresses(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("web-0", networks="a,a"))

    async with cluster.worker():
        await cluster.complete("web-0")

    assert await cluster.addresses_in(cluster.names.network("default", "a")) == ["10.1.1.251", "10.1.1.252"]
    assert [entry["name"] for entry in cluster.status("web-0")][1:] == ["default/a", "default/a"]


BAD_SELECTIONS = [
    "x/y/z",
    "[",
    '["a"]',
    '[{"namespace":"d"}]',
    '[{"name":"a","interface":"x"},{"name":"a","interface":"x"}]',
    '[{"name":"a","interface":"sixteen-letters-"}]',
    '[{"name":"a","mac":"02:00"}]',
    '[{"name":"a","default-route":[]},{"name":"a","default-route":[]}]',
]


async def test_b18_garbage_is_told_and_holds_up_no_healthy_pod_not_even_after_a_restart(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.0.0/16"))
    cluster.kube.kubectl.apply([pod(f"bad-{at}", networks=selection) for at, selection in enumerate(BAD_SELECTIONS)])
    early, late = [f"early-{at}" for at in range(50)], [f"late-{at}" for at in range(50)]

    async with cluster.worker():
        for at in range(len(BAD_SELECTIONS)):
            assert "k8s.v1.cni.cncf.io/networks" in await cluster.event("InvalidAnnotation", f"bad-{at}")
        cluster.kube.kubectl.apply([pod(name, networks="a") for name in early])
        await cluster.complete(*early)
    async with cluster.worker():
        cluster.kube.kubectl.apply([pod(name, networks="a") for name in late])
        await cluster.complete(*late)

    machines = {row["fq_name"][0] for row in await cluster.api.list("virtual-machine")}
    assert not [name for name in machines if name.startswith(f"{cluster.names.cluster}__default__bad-")]


async def test_b19_an_address_that_was_asked_for_is_given_exactly(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("web-0", networks=selecting(name="a", ips=["10.1.1.7/24"])))

    async with cluster.worker():
        await cluster.complete("web-0")

    assert (await cluster.interfaces("web-0"))[1].addresses == ["10.1.1.7"]
    assert cluster.status("web-0")[1]["ips"] == ["10.1.1.7"]


async def test_b19_an_address_in_use_is_told_and_given_once_it_is_freed(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("first", networks=selecting(name="a", ips=["10.1.1.7"])))

    async with cluster.worker():
        await cluster.complete("first")
        cluster.kube.kubectl.apply(pod("second", networks=selecting(name="a", ips=["10.1.1.7"])))
        message = await cluster.event("AddressInUse", "second")
        machines = await cluster.machines("second")
        cluster.kube.kubectl.delete("pods", "first", grace=0)
        await cluster.complete("second")

    assert "10.1.1.7" in message
    assert machines == []
    assert (await cluster.interfaces("second"))[1].addresses == ["10.1.1.7"]


async def test_b19_an_address_outside_the_subnet_is_refused(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("web-0", networks=selecting(name="a", ips=["10.7.7.7"])))

    async with cluster.worker():
        message = await cluster.event("InvalidAnnotation", "web-0")

    assert "10.7.7.7" in message
    assert "10.1.1.0/24" in message
    assert await cluster.machines("web-0") == []


async def test_b20_of_two_pods_that_ask_for_a_mac_at_once_one_gets_it_and_the_other_once_it_is_free(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply([pod(name, networks=selecting(name="a", mac="02:00:00:00:00:07")) for name in ("one", "two")])

    async with cluster.worker():
        message = await cluster.event("AddressInUse")
        await cluster.settled()
        winner, loser = ("one", "two") if cluster.status("one") else ("two", "one")
        (interface,), partial = (await cluster.interfaces(winner))[1:], await cluster.machines(loser)
        cluster.kube.kubectl.delete("pods", winner, grace=0)
        await cluster.complete(loser)

    assert interface.mac == "02:00:00:00:00:07"
    assert "02:00:00:00:00:07" in message
    assert partial == []
    assert (await cluster.interfaces(loser))[1].mac == "02:00:00:00:00:07"


async def test_s03_s28_containers_and_their_settings_have_no_influence(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    image = {"image": "ubuntu", "tty": True, "stdin": True, "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}
    containers = [{"name": name, **image} for name in ("one", "two")]
    cluster.kube.kubectl.apply([pod("plain", networks="a"), pod("rich", networks="a", containers=containers, restartPolicy="OnFailure")])

    async with cluster.worker():
        await cluster.complete("plain", "rich")

    plain, rich = await cluster.interfaces("plain"), await cluster.interfaces("rich")
    assert [(each.network, each.annotations["index"]) for each in plain] == [(each.network, each.annotations["index"]) for each in rich]


async def test_b18_a_selection_that_cannot_be_read_leaves_the_default_network_where_that_is_allowed(cluster: Scene) -> None:
    cluster.settings = replace(cluster.settings, invalid_annotation=InvalidAnnotations.DEFAULT_ONLY)
    cluster.kube.kubectl.apply(pod("web-0", networks="x/y/z"))

    async with cluster.worker() as worker:
        await cluster.complete("web-0")
        message = await cluster.event("InvalidAnnotation", "web-0")
        kept = len(await cluster.interfaces("web-0"))
    async with cluster.worker() as worker:
        await cluster.settled()
        drifted_by_itself = worker.figures()["attachment_drift"]
        cluster.kube.kubectl.annotate("pods", "web-0", {"k8s.v1.cni.cncf.io/networks": "a"})
        await cluster.event("AttachmentDrift", "web-0")

    assert "element 1" in message
    assert kept == 1
    assert drifted_by_itself == 0
    assert [event["count"] for event in cluster.kube.kubectl.events("InvalidAnnotation")] == [1]


async def test_b19_several_addresses_of_both_families_are_given_beside_a_default_route(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("dual", cidr="10.1.1.0/24,2001:db8:1::/64"))
    asked = ["10.1.1.7/24", "10.1.1.8", "2001:db8:1::7"]
    cluster.kube.kubectl.apply(pod("web-0", networks=selecting(name="dual", ips=asked, **{"default-route": ["10.1.1.254"]})))
    cluster.kube.kubectl.apply(pod("web-1", networks=selecting(name="dual", ips=["10.1.1.9"])))
    cluster.kube.kubectl.apply(pod("web-2", networks=selecting(name="dual", **{"default-route": ["2001:db8:1::1", "x"]})))

    async with cluster.worker():
        await cluster.complete("web-0", "web-1")
        message = await cluster.event("InvalidAnnotation", "web-2")

    first, entry = cluster.status("web-0")
    assert entry["ips"] == ["10.1.1.7", "10.1.1.8", "2001:db8:1::7"]
    assert (entry["default-route"], entry["gateway"]) == (["10.1.1.254"], ["10.1.1.254"])
    assert not {"default-route", "gateway"} & first.keys()
    assert [interface.annotations.get("default-route") for interface in await cluster.interfaces("web-0")] == [None, "true"]
    assert [ip_address(ip).version for ip in cluster.status("web-1")[1]["ips"]] == [4, 6]
    assert 'default-route "x"' in message


async def test_b19_an_address_that_the_network_keeps_is_given_to_nobody(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("web-0", networks=selecting(name="a", ips=["10.1.1.254"])))

    async with cluster.worker():
        message = await cluster.event("InvalidAnnotation", "web-0")

    assert "is the gateway of default/a" in message
