"""The worker's rights in a cluster, as examples/kubernetes gives them: workers under test have these and no others."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.kube.double import Account, KubeDouble

PLAIN = Path(__file__).parents[3] / "examples" / "kubernetes" / "netweave.yaml"
NAMESPACE, ACCOUNT = "netweave-system", "netweave-kube-sync"


@cache
def manifests() -> tuple[dict[str, Any], ...]:
    """The objects of RBAC, and the namespace that they live in."""
    kinds = ("Namespace", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
    return tuple(each for each in yaml.safe_load_all(PLAIN.read_text()) if each["kind"] in kinds)


def worker_account(kube: KubeDouble) -> Account:
    """The worker's ServiceAccount in a double, where it may do what it may in a cluster."""
    kube.kubectl.apply(each for each in manifests() if each["kind"] == "Namespace")
    return kube.account(manifests(), NAMESPACE, ACCOUNT)
