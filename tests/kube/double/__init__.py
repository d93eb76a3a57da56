"""A Kubernetes API server for tests: real HTTP on 127.0.0.1, honest list and watch, faults on demand.

Start (it runs on a thread of its own, so sync tests, async tests and subprocesses use it alike):

    with KubeDouble() as kube: ...                  # also `async with`, or .start() and .stop(); fixture `kube` in tests/kube/conftest.py
    KubeDouble(opaque_versions=True)                # resourceVersions that are no numbers
    KubeDouble(token="")                            # no credentials wanted; otherwise a random bearer token is
    python -m tests.kube.double --port 8001 --kubeconfig FILE --apply FOLDER

Point a client at it:

    kube.url, kube.token
    kube.kubeconfig(tmp_path / "kubeconfig")        # writes it, returns the path; token_file=True puts the token in a file beside it
    who = kube.account(manifests, "ns", "name")     # a ServiceAccount with the rights that RBAC manifests bind to it; all else is 403
    kube.kubeconfig(path, account=who)              # afterwards who.used and who.denied

Users (`kube.kubectl`, not recorded, no faults, no credentials): a resource is a plural, singular, short or kind name.

    kubectl.apply(manifest | manifests | "yaml text" | Path)      create or bring up to date (omission removes); returns the objects
    kubectl.create(...)  kubectl.get("pods", "web-0", "ns") -> dict | None   kubectl.list("pods", "ns" or "")
    kubectl.patch("nad", "a", {"metadata": ...}, "ns")            merge patch
    kubectl.annotate("pods", "web-0", {"k": "v", "gone": None})
    kubectl.delete("pods", "web-0", grace=0)                      finalizers and grace respected
    kubectl.events(reason="NetworkNotFound", name="web-0")        Events somebody wrote

Nodes (`kube.kubelet`):

    kubelet.run("web-0")                            bind to node-1, phase Running, a podIP
    kubelet.bind("web-0", node="n2")  kubelet.set_phase("Succeeded", "web-0", pod_ip="10.0.0.9")
    kubelet.finish("web-0")                         the pod object goes now
    kubelet.replace("web-0")                        same name, new uid (StatefulSet); keeps its node
    kubelet.terminate_after = None                  deleted pods keep only a deletionTimestamp until finish(); default 0.05 s

Manifests of common shape: `pod(name, networks=..., node=...)`, `nad(name, cidr=..., annotations=...)`, `nad_definition()` (the CRD).

Faults (`kube.faults`; each returns a Fault with .hits and .cancel(); they take verb, resource, namespace, name, subresource,
times (how often) and skip (how many go unharmed first)):

    faults.delay(1.5, verb="list")                  faults.refuse(429, retry_after=1, resource="pods", times=2)   # also 500, 503
    faults.forbid(resource="pods", subresource="status")          403
    faults.reset_before(verb="patch", times=1)      faults.reset_after(verb="create", times=1)   # applied, reply lost
    on watches: faults.truncate_line(times=1)  half_line(times=1)  duplicate()  close_after(3)  stall(resource="pods")
    kube.revoke_token(), kube.rotate_token()        401 until the client reads the new token
    kube.compact(gone_by="status" | "event")        older revisions are 410;   kube.expire_pages()  410 for continue tokens
    kube.expire_watches("pods")                     410 ERROR event on open watches
    kube.drop_watches("pods", abort=True)           close or reset open watches
    stall(resource="pods"), later .cancel()         holds one kind back while others go on: reordered across kinds, never within one
    kube.emit_bookmarks(), kube.bookmark_every(0.2)
    with kube.outage("refuse" | "reset"): ...       down; with "reset" tries are counted in recorder.connections
    kube.restart(forget=False)                      state (and history) kept
    saved = kube.snapshot(); kube.restore(saved)    etcd restored from a backup: resourceVersion goes back

What was asked (`kube.recorder`): .requests, .matching(verb="patch", resource="pods"), .count(...), .writes(...),
.tally(), .clear(), .connections. Each request has verb, method, path, query, headers, body (decoded), resource,
namespace, name, subresource, status (None: reset), at.

Waiting: kube.wait_for(lambda: ..., 10), await kube.eventually(lambda: ...), kube.wait_quiet(0.5); kube.open_watches lists the
plurals of open watches; kube.resource_version.

Limits: one served version a CRD; server-side apply owns lists whole; the kinds are
namespaces, nodes, serviceaccounts, pods, events, leases, CRDs and what CRDs define.
"""

from .access import Account, Right, account_of
from .cluster import Kubectl, Kubelet
from .double import KubeDouble
from .faults import Fault, Faults
from .manifests import nad, nad_definition, pod
from .recorder import Recorded, Recorder
from .refusals import AlreadyExists, BadRequest, Conflict, Forbidden, Invalid, NotFound, StatusError
from .waiting import Waiting

__all__ = [
    "Account",
    "AlreadyExists",
    "BadRequest",
    "Conflict",
    "Fault",
    "Faults",
    "Forbidden",
    "Invalid",
    "KubeDouble",
    "Kubectl",
    "Kubelet",
    "NotFound",
    "Recorded",
    "Recorder",
    "Right",
    "StatusError",
    "Waiting",
    "account_of",
    "nad",
    "nad_definition",
    "pod",
]
