"""How many objects a project may have: what is counted, whose project is charged, and where a limit is found (contract 3.4 project)."""

from collections.abc import Mapping

from api_server.model.catalog import Catalog
from api_server.model.kind import Kind
from api_server.model.resource import FqName, Resource

UNLIMITED = -1
DEFAULTS = "defaults"
INSTANCE_IP = "instance_ip"
# Charged to the project above their parent.
BELOW_CHILDREN = frozenset({"floating-ip-pool", "loadbalancer-member"})


class UnknownQuota(ValueError):
    """A setting that limits nothing."""

    def __init__(self, name: str) -> None:
        super().__init__(f"NETWEAVE_QUOTA_{name} limits nothing: there is no such quota")


class Limits:
    """What is counted, and the limits that hold where a project says none; counting instance-ips must be asked for (contract 4.5)."""

    def __init__(self, catalog: Catalog, configured: Mapping[str, int], *, count_instance_ips: bool) -> None:
        names = catalog.structures["QuotaType"].keys()
        # Environments may not tell capitals from small letters: virtual_DNS.
        spelt = {name.lower(): name for name in names}
        if unknown := [name for name in configured if name.lower() not in spelt]:
            raise UnknownQuota(unknown[0])
        said = {spelt[name.lower()]: limit for name, limit in configured.items()}
        self.counted = frozenset(names) - {DEFAULTS} - (frozenset() if count_instance_ips else {INSTANCE_IP})
        self._configured = {name: said.get(name, said.get(DEFAULTS, UNLIMITED)) for name in self.counted}

    def of(self, name: str, quota: object) -> int:
        """The limit of a project with this `quota`: its own, else the configured one; negative is none."""
        own = quota.get(name) if isinstance(quota, dict) else None
        if isinstance(own, int) and not isinstance(own, bool):
            return own
        return self._configured.get(name, UNLIMITED)


def charged_by_ref(kind: Kind) -> bool:
    """Whether the project is the one that the object refers to first, wherever it lives."""
    return "project_refs" in kind.refs


def project_above(new: Resource) -> FqName | None:
    """The name of the project to charge, where neither a ref nor the parent is it."""
    if new.kind.name in BELOW_CHILDREN:
        return new.fq_name[:-2]
    return new.fq_name[:2] if charged_by_ref(new.kind) and not new.refs_to("project") else None
