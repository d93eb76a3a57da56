"""The documents that tell clients what is served: /version, /api, /apis and below, and the probes."""

from collections.abc import Iterable
from typing import Any

from .kinds import Kind

VERSION = {"major": "1", "minor": "34", "gitVersion": "v1.34.0", "platform": "linux/amd64"}
PROBES = ("/healthz", "/livez", "/readyz")


def discovery(path: str, kinds: Iterable[Kind]) -> dict[str, Any] | None:
    """The document at a path, or None."""
    path = path.rstrip("/")
    groups = sorted({(kind.group, kind.version) for kind in kinds if kind.group})
    if path == "/version":
        return VERSION
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*each) for each in groups]}
    for group, version in groups:
        if path == f"/apis/{group}":
            return {"kind": "APIGroup", "apiVersion": "v1"} | _group(group, version)
    resources = [entry for kind in kinds if kind.path == path for entry in kind.discovery()]
    if not resources:
        return None
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": path.removeprefix("/apis/").removeprefix("/api/"),
        "resources": resources,
    }


def _group(group: str, version: str) -> dict[str, Any]:
    preferred = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [preferred], "preferredVersion": preferred}
