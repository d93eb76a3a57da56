"""Many pods at once, one worker or two, and answers that get lost (B37, B38, B43 to B45); thousands are in `make bench-kube`."""

from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene
from tests.kube.sync.tap import BULK

PODS = 200
KINDS = ("virtual-machine", "virtual-machine-interface", "instance-ip")


def some_pods(cluster: Scene, count: int, networks: str = "a,b") -> list[str]:
    """Pods with an interface for each of these networks, beside the default one."""
    cluster.kube.kubectl.apply([nad("a", cidr="10.1.0.0/16"), nad("b", cidr="10.2.0.0/16")])
    names = [f"web-{at}" for at in range(count)]
    cluster.kube.kubectl.apply([pod(name, networks=networks) for name in names])
    return names


async def owned(cluster: Scene) -> list[int]:
    """How many machines, interfaces and addresses there are, and how many different addresses in each network."""
    machines = [row for row in await cluster.api.list("virtual-machine", fields=["annotations"]) if cluster.names.owns(row)]
    interfaces = await cluster.api.list("virtual-machine-interface", back_ref_id=[row["uuid"] for row in machines])
    addresses = await cluster.api.list("instance-ip", back_ref_id=[row["uuid"] for row in interfaces], detail=True)
    different = {(row["virtual_network_refs"][0]["uuid"], row["instance_ip_address"]) for row in addresses}
    return [len(machines), len(interfaces), len(addresses), len(different)]


async def test_b43_b44_many_pods_cost_few_calls_and_once_they_are_in_step_no_write_at_all(cluster: Scene) -> None:
    async with cluster.worker():
        await cluster.settled()
        cluster.tap.clear()
        cluster.kube.recorder.clear()
        names = some_pods(cluster, PODS)
        await cluster.complete(*names)
        await cluster.settled()
    calls, writes = len(cluster.tap.asked), len(cluster.kube.recorder.writes())
    made = await owned(cluster)
    cluster.tap.clear()
    cluster.kube.recorder.clear()

    async with cluster.worker() as worker:
        await cluster.settled()
        queued = worker.queued()

    assert made == [PODS, 3 * PODS, 3 * PODS, 3 * PODS]
    # Ten calls a pod are allowed; together they need less than one. A status and an Event for each, and what the definitions write.
    assert calls <= PODS
    assert writes <= 2 * PODS + 10
    assert cluster.tap.writes == []
    assert cluster.kube.recorder.writes() == []
    # The projects of all other tests are in the list too, in as many pages as they need.
    assert sum(each != ("GET", "/projects") for each in cluster.tap.asked) <= 40
    assert set(queued.values()) == {0}


async def test_b38_two_workers_without_a_lease_make_everything_once(cluster: Scene) -> None:
    async with cluster.worker(), cluster.worker():
        await cluster.settled()
        names = some_pods(cluster, 500, "a")
        await cluster.complete(*names)
        await cluster.settled()
        made = await owned(cluster)
        for name in names[::2]:
            cluster.kube.kubectl.delete("pods", name, grace=0)
        await cluster.gone(names[-2])
        await cluster.settled()

    assert made == [500, 1000, 1000, 1000]
    assert await owned(cluster) == [250, 500, 500, 500]


async def test_b37_a_write_whose_answer_is_lost_is_answered_again_and_done_once(cluster: Scene) -> None:
    lost = [cluster.tap.hold("POST", BULK, skip=0, passed_on=True) for _ in range(2)]
    for hold in lost:
        hold.released.set()

    async with cluster.worker():
        names = some_pods(cluster, 3)
        await cluster.complete(*names)
        await cluster.settled()

    assert all(hold.taken.is_set() for hold in lost)
    assert await owned(cluster) == [3, 9, 9, 9]
    for name in ("a", "b"):
        assert len(await cluster.addresses_in(cluster.names.network("default", name))) == 3


async def test_b45_while_the_configuration_api_is_away_one_asks_for_all_and_they_converge_when_it_is_back(cluster: Scene) -> None:
    def only_asked() -> bool:
        return [path for _, path in cluster.tap.asked[-12:]] == ["/fqname-to-id"] * 12

    async with cluster.worker():
        await cluster.settled()
        with cluster.tap.failing(503):
            names = some_pods(cluster, 20)
            await cluster.kube.eventually(only_asked, 60)
        await cluster.complete(*names)

    assert await owned(cluster) == [20, 60, 60, 60]
