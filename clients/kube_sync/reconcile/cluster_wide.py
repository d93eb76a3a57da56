"""The cluster-wide network, which every pod has first and which exists without any definition (S10)."""

from contextlib import suppress
from typing import Any

import netweave
from kube_sync.model import documents
from kube_sync.model.names import FqName, Names, annotations_of
from kube_sync.model.prefixes import IpNetwork
from kube_sync.model.refusals import NameCollision, OverlappingCIDR
from kube_sync.reconcile.adoption import Adoption
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.projects import Projects


class ClusterWide:
    """The flat IPAM with the pod addresses, and the network on it."""

    def __init__(self, api: ConfigApi, names: Names, projects: Projects, subnets: tuple[IpNetwork, ...], adoption: Adoption) -> None:
        self._adoption = adoption
        self._api = api
        self._names = names
        self._projects = projects
        self._subnets = subnets

    async def ensure(self) -> None:
        """Make what is missing; a Refusal if what is there is not ours or has other subnets."""
        ipam, network = documents.pod_ipam(self._names, self._subnets), documents.default_network(self._names)
        await self._adoption.of_cluster_wide(ipam, network)
        found = await self._ensure("network-ipam", ipam, self._names.pod_ipam)
        self._check_project(found)
        self._check_subnets(found)
        await self._ensure("virtual-network", network, self._names.default_network)

    async def _ensure(self, kind: str, document: dict[str, Any], fq_name: FqName) -> dict[str, Any]:
        found = await self._find(kind, fq_name)
        if found is None:
            await self._check_moved(kind, document["uuid"])
            await self._projects.ensure("default")
            try:
                await self._api.create(kind, document)
            except netweave.AlreadyExists:
                found = await self._find(kind, fq_name)
            else:
                return document
        if found is None or not self._names.owns(found):
            raise NameCollision(":".join(fq_name), f"is a {kind} of somebody else; choose another --cluster-name, or remove it")
        return found

    async def _check_moved(self, kind: str, uuid: str) -> None:
        """Names follow the project and uuids do not: so an object of ours under another one is found."""
        with suppress(netweave.NotFound):
            there = await self._api.read(kind, uuid, ["annotations"])
            if self._names.owns(there):
                raise _moved(there)

    def _check_project(self, ipam: dict[str, Any]) -> None:
        if annotations_of(ipam).get(documents.SHARED, "") != documents.shared_by(self._names):
            raise _moved(ipam)

    async def _find(self, kind: str, fq_name: FqName) -> dict[str, Any] | None:
        found = await self._api.list(kind, fq_names=[fq_name], fields=["annotations", "ipam_subnets"])
        return found[0] if found else None

    def _check_subnets(self, ipam: dict[str, Any]) -> None:
        there = {_prefix(entry) for entry in (ipam.get("ipam_subnets") or {}).get("subnets") or ()}
        if there != {str(subnet) for subnet in self._subnets}:
            wanted = ", ".join(map(str, self._subnets))
            raise OverlappingCIDR(":".join(self._names.pod_ipam), f"has {', '.join(sorted(there))}, but --pod-subnet says {wanted}")


def _moved(there: dict[str, Any]) -> NameCollision:
    fault = f"cannot change while objects of this cluster exist: {':'.join(there['fq_name'])} was made under another one"
    return NameCollision("--cluster-project", fault)


def _prefix(entry: dict[str, Any]) -> str:
    return f"{entry['subnet']['ip_prefix']}/{entry['subnet']['ip_prefix_len']}"
