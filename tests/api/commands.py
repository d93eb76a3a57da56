"""The `netweave` command run against the served API, and bundles for it to apply."""

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import yaml

from netweave.cli import main


@dataclass(frozen=True)
class Ran:
    code: object
    stdout: str
    stderr: str

    def told(self) -> list[str]:
        """What `apply` did, in the order in which it did it."""
        return [f"{step['action']} {step['kind']} {step['fq_name'][-1]}" for step in json.loads(self.stdout)]


Run = Callable[..., Ran]


@pytest.fixture
def run(api_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line; `document` goes to its stdin."""
    monkeypatch.setenv("NETWEAVE_API_URL", api_url)

    def run(words: str, document: object = None) -> Ran:
        monkeypatch.setattr(sys, "argv", ["netweave", *words.split()])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(yaml.safe_dump(document).encode())))
        with pytest.raises(SystemExit) as left:
            main()
        written = capsys.readouterr()
        return Ran(left.value.code, written.out, written.err)

    return run


@pytest.fixture
def project(run: Run) -> str:
    name = f"default-domain:cli-{uuid4().hex[:8]}"
    assert run(f"create project {name}").code == 0
    return name


def network(project: str, name: str, prefix: str = "10.0.0.0", **properties: Any) -> dict[str, Any]:
    subnets = {"ipam_subnets": [{"subnet": {"ip_prefix": prefix, "ip_prefix_len": 24}}]}
    ipam = ["default-domain", "default-project", "default-network-ipam"]
    document = {"fq_name": f"{project}:{name}", "parent_type": "project", "network_ipam_refs": [{"to": ipam, "attr": subnets}]}
    return {"virtual-network": document | properties}


def pod(project: str, name: str) -> list[dict[str, Any]]:
    """A network, an interface and an address, the neediest first."""
    path = project.split(":")
    links = {"virtual_network_refs": [{"to": [*path, "blue"]}]}
    interface = {"fq_name": [*path, name], "parent_type": "project", **links}
    address = {"fq_name": [f"{path[-1]}-{name}"], "virtual_machine_interface_refs": [{"to": [*path, name]}], **links}
    return [{"iip": address}, {"vmi": interface}, network(project, "blue")]
