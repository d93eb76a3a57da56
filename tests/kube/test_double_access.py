"""Authorisation in the double: a ServiceAccount may do what its rules say, and is told what it may not."""

from pathlib import Path
from typing import Any

from tests.kube.conversation import Api, pods_of
from tests.kube.double import KubeDouble, pod

LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"


def role(kind: str, *rules: dict[str, Any]) -> list[dict[str, Any]]:
    """A Role or ClusterRole in `default`, bound to the ServiceAccount default/worker."""
    metadata = {"name": f"worker-{kind.lower()}"} | ({"namespace": "default"} if kind == "Role" else {})
    subjects = [{"kind": "ServiceAccount", "namespace": "default", "name": "worker"}]
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": metadata["name"]}
    return [
        {"kind": kind, "metadata": metadata, "rules": list(rules)},
        {"kind": f"{kind}Binding", "metadata": metadata, "roleRef": reference, "subjects": subjects},
    ]


def rule(group: str, resource: str, *verbs: str, names: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)} | ({"resourceNames": list(names)} if names else {})


def test_an_account_does_what_its_rules_say_and_nothing_else(kube: KubeDouble, tmp_path: Path) -> None:
    manifests = [
        *role("ClusterRole", rule("", "pods", "get", "list"), rule("", "pods/status", "patch")),
        *role("Role", rule("coordination.k8s.io", "leases", "create"), rule("coordination.k8s.io", "leases", "get", names=("mine",))),
    ]
    account = kube.account(manifests, "default", "worker")
    kube.kubectl.apply(pod("a"))
    client = Api(kube.kubeconfig(tmp_path / "kubeconfig", account=account))
    with client.http:
        allowed = [
            client.get("/api/v1/pods"),
            client.get(f"{pods_of('kube-system')}"),
            client.patch(f"{pods_of('default')}/a/status", {}),
            client.create(LEASES, {"metadata": {"name": "mine"}}),
            client.get(f"{LEASES}/mine"),
            client.get("/version"),
        ]
        refused = [
            client.get("/api/v1/pods", watch=1),
            client.patch(f"{pods_of('default')}/a", {}),
            client.get(f"{LEASES}/other"),
            client.create(LEASES.replace("/default/", "/kube-system/"), {"metadata": {"name": "mine"}}),
            client.get("/api/v1/namespaces"),
        ]

    assert [response.status_code for response in allowed] == [200, 200, 200, 201, 200, 200]
    assert [response.status_code for response in refused] == [403] * 5
    assert refused[0].json()["message"] == (
        'pods is forbidden: User "system:serviceaccount:default:worker" cannot watch resource "pods" in API group "" at the cluster scope'
    )
    assert [(target.verb, target.resource, target.name) for target in account.denied] == [
        ("watch", "pods", ""),
        ("patch", "pods", "a"),
        ("get", "leases", "other"),
        ("create", "leases", ""),
        ("list", "namespaces", ""),
    ]
    assert {(right.verb, right.resource) for right in set(account.rights) - account.used} == {("get", "pods")}


def test_an_account_gets_a_new_token_like_everybody(kube: KubeDouble, tmp_path: Path) -> None:
    account = kube.account(role("ClusterRole", rule("", "pods", "list")), "default", "worker")
    file = tmp_path / "kubeconfig"
    kube.kubeconfig(file, token_file=True, account=account)
    old = account.token
    kube.revoke_token()
    client = Api(kube.kubeconfig(tmp_path / "old", account=account))
    with client.http:
        revoked = client.get("/api/v1/pods")
    kube.rotate_token()
    client = Api(file)
    with client.http:
        rotated = client.get("/api/v1/pods")

    assert (revoked.status_code, rotated.status_code) == (401, 200)
    assert account.token != old
