"""A cluster (the double), a configuration API (the real server) and a worker between them, as the behaviour tests see them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import netweave
from kube_sync.clock import Clock, SystemClock
from kube_sync.cluster.http import HttpKubeApi, configuration
from kube_sync.cluster.live import LiveCluster
from kube_sync.model.names import FqName, Names, annotations_of
from kube_sync.model.objects import NETWORK_STATUS
from kube_sync.reconcile.worker import Worker
from kube_sync.settings import Settings
from tests.kube.double import KubeDouble
from tests.kube.sync.tap import Tap

T = TypeVar("T")
Document = dict[str, Any]
QUIET = 0.5
PATIENCE = 60.0  # on a busy machine; a failure waits so long, nothing else does


@dataclass
class Interface:
    """One interface of a pod as the configuration API has it."""

    uuid: str
    network: str
    mac: str
    addresses: list[str]
    annotations: dict[str, str]
    fq_name: FqName


class Scene:
    """Every scene is a cluster of its own name, so that scenes share one server without meeting."""

    def __init__(self, kube: KubeDouble, tap: Tap, api_url: str, api: netweave.AsyncClient, kubeconfig: Path, cluster: str) -> None:
        self.kube = kube
        self.tap = tap
        self.api_url = api_url
        self.api = api
        self.kubeconfig = kubeconfig
        self.settings = Settings(cluster_name=cluster)
        self.names = Names(cluster)

    @asynccontextmanager
    async def worker(
        self, *, patience: float = 0, clock: Clock | None = None, kube_api: type[HttpKubeApi] = HttpKubeApi
    ) -> AsyncIterator[Worker]:
        """A worker that runs meanwhile; with a clock of the test's own, its minutes pass when the test says so."""
        clock = clock or SystemClock()
        async with netweave.AsyncClient(self.api_url) as api, kube_api(configuration(self.kubeconfig)) as kube:
            live = LiveCluster(kube, clock, self.settings.completed_pods)
            worker = Worker(api, live, self.settings, clock, patience=patience, stream=api)
            running = asyncio.create_task(worker.run())
            try:
                yield worker
            finally:
                ended = running.done()
                running.cancel()
                await asyncio.gather(running, return_exceptions=not ended)

    async def until(self, what: Callable[[], Awaitable[T | None]], seconds: float = PATIENCE) -> T:
        """What the question answers as soon as that is true or full."""
        end = time.monotonic() + seconds
        while True:
            if answer := await what():
                return answer
            assert time.monotonic() < end, f"still {answer!r} after {seconds} s"
            await asyncio.sleep(0.05)

    async def settled(self) -> None:
        """Return when neither API was asked anything for half a second."""

        def asked() -> tuple[int, int]:
            return len(self.tap.asked), len(self.kube.recorder.requests)

        before, now = None, asked()
        while before != now:
            await asyncio.sleep(QUIET)
            before, now = now, asked()

    async def network(self, fq_name: FqName, cidr: str = "10.9.0.0/24") -> str:
        """A network that somebody makes through the API, with its project; its uuid."""
        with suppress(netweave.AlreadyExists):
            await self.api.create("project", {"fq_name": list(fq_name[:2]), "parent_type": "domain"})
        ip, _, length = cidr.partition("/")
        ipam = {
            "to": ["default-domain", "default-project", "default-network-ipam"],
            "attr": {"ipam_subnets": [{"subnet": {"ip_prefix": ip, "ip_prefix_len": int(length)}}]},
        }
        made = await self.api.create("virtual-network", {"fq_name": list(fq_name), "parent_type": "project", "network_ipam_refs": [ipam]})
        return str(made["uuid"])

    async def found(self, kind: str, fq_name: FqName) -> Document | None:
        """An object, if it is there."""
        with suppress(netweave.NotFound):
            return await self.api.read(kind, await self.api.find(kind, fq_name))
        return None

    async def missing(self, kind: str, fq_name: FqName) -> bool:
        """Whether there is no such object."""
        return await self.found(kind, fq_name) is None

    async def machines(self, name: str, namespace: str = "default") -> list[str]:
        """The uuids of the virtual-machines of pods of that name."""
        rows = await self.api.list("virtual-machine", fq_names=[self.names.machine(namespace, name)])
        return [str(row["uuid"]) for row in rows]

    async def interfaces(self, name: str, namespace: str = "default") -> list[Interface]:
        """A pod's interfaces, by index."""
        machines = await self.machines(name, namespace)
        rows = await self.api.list("virtual-machine-interface", back_ref_id=machines, detail=True) if machines else []
        interfaces = [await self._interface(row) for row in rows]
        return sorted(interfaces, key=lambda interface: int(interface.annotations["index"].partition("/")[0]))

    async def _interface(self, row: Document) -> Interface:
        addresses = await self.api.list("instance-ip", back_ref_id=str(row["uuid"]), detail=True)
        return Interface(
            str(row["uuid"]),
            row["virtual_network_refs"][0]["to"][-1],
            row["virtual_machine_interface_mac_addresses"]["mac_address"][0],
            sorted(address["instance_ip_address"] for address in addresses),
            annotations_of(row),
            tuple(row["fq_name"]),
        )

    def status(self, name: str, namespace: str = "default") -> list[Document]:
        """A pod's network-status."""
        pod = self.kube.kubectl.get("pods", name, namespace) or {"metadata": {}}
        return list(json.loads((pod["metadata"].get("annotations") or {}).get(NETWORK_STATUS, "[]")))

    async def complete(self, *names: str, namespace: str = "default", seconds: float = PATIENCE) -> None:
        """Return when all these pods have their status: it is written last."""

        async def all_told() -> bool:
            return all(self.status(name, namespace) for name in names)

        await self.until(all_told, seconds)

    async def event(self, reason: str, name: str = "", seconds: float = PATIENCE) -> str:
        """The message of the Event of that reason about that object, once there is one."""

        async def told() -> list[Document]:
            return self.kube.kubectl.events(reason, name)

        return str((await self.until(told, seconds))[0]["message"])

    async def gone(self, name: str, namespace: str = "default") -> None:
        """Return when no pod of that name has a virtual-machine."""

        async def is_gone() -> bool:
            return not await self.machines(name, namespace)

        await self.until(is_gone)

    async def addresses_in(self, fq_name: FqName) -> list[str]:
        """The addresses held in a network, sorted."""
        rows = await self.api.list("instance-ip", back_ref_id=await self.api.find("virtual-network", fq_name), detail=True)
        return sorted(str(row["instance_ip_address"]) for row in rows)
