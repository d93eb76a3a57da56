"""Whom the configuration API knows already: the uids of the objects that things of ours were made for."""

from kube_sync.model.names import Names
from kube_sync.model.objects import DEFINITION, POD, Key
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.owned import Owned


async def known_uids(api: ConfigApi, names: Names) -> dict[Key, str]:
    """Of pods and definitions; so that a repository of manifests can be compared with the cluster that it was applied to."""
    owned = Owned(api, names.is_ours)
    owners = (("virtual-machine", POD), ("virtual-network", DEFINITION))
    return {key: uid for kind, owner in owners async for key, uid in owned.of(kind, owner)}
