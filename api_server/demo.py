"""The sub-command `demo`: what a user would type, typed for them. Its own work is only the table, read back over HTTP."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from api_server.model.places import data_directory
from api_server.supervisor.signals import interrupt_when_ended

SERVE = [sys.executable, "-m", "api_server.commands", "serve"]
KUBE_SYNC = [sys.executable, "-m", "netweave.cli", "kube-sync"]

Document = dict[str, Any]

# What the founding text makes in a web UI before its way-B definition can map it.
PROJECT = ["default-domain", "k8s-extns"]
IPAM = [*PROJECT, "k8s-extns-pod-ipam"]
NETWORK = [*PROJECT, "k8s-extns-pod-network"]
PREFIX = {"ip_prefix": "10.10.60.0", "ip_prefix_len": 24}
WANTED: Mapping[str, Document] = {
    "project": {"fq_name": PROJECT, "parent_type": "domain"},
    "network-ipam": {"fq_name": IPAM, "parent_type": "project"},
    "virtual-network": {
        "fq_name": NETWORK,
        "parent_type": "project",
        "network_ipam_refs": [{"to": IPAM, "attr": {"ipam_subnets": [{"subnet": PREFIX}]}}],
    },
}


class DemoError(Exception):
    """A step did not end well; what it said itself is on the screen."""

    def __init__(self, step: str, status: int) -> None:
        super().__init__(f"the demo stops: {step} ended with status {status}")
        self.status = status


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the table instead of serving until Ctrl-C.")] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to serve on, 0 for any free one  [default: 8082]")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where the embedded PostgreSQL keeps its data (DATABASE_URL unset).")] = None,
) -> None:
    """Show two pods with several interfaces each, on a server and a database of their own."""
    interrupt_when_ended()
    flags = [f"--{name}={value}" for name, value in (("port", port), ("data-dir", data_dir)) if value is not None]
    try:
        with _served(flags) as (url, server):
            _show(url)
            if not once:
                typer.echo("Serving until Ctrl-C.")
                _check("serve", server.wait() or 1)
    except KeyboardInterrupt:
        return
    except DemoError as why:
        typer.echo(f"netweave: {why}", err=True)
        raise typer.Exit(1) from why


def _show(url: str) -> None:
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as api:
        for kind, document in WANTED.items():
            _ensure(api, kind, document)
        sync = [*KUBE_SYNC, f"--manifests={data_directory('examples')}", f"--api-url={url}", "--once"]
        _check("kube-sync", subprocess.run(sync, check=False).returncode)  # noqa: S603 - a command of ours
        # No emoji: a MAC with `:cd:` in it holds the name of one.
        console = Console(width=None if sys.stdout.isatty() else 140, emoji=False, markup=False)
        console.print(_table(list(_rows(api))))
        console.print(
            f"Try:\n  curl {url}/virtual-networks\n  curl '{url}/instance-ips?detail=true&fields=instance_ip_address'", soft_wrap=True
        )


def _check(step: str, status: int) -> None:
    if status:
        raise DemoError(step, status)


@contextmanager
def _served(flags: Sequence[str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`serve` as a child process that is ready, and its URL. Ctrl-C is for us to hear: the child is stopped when we are done."""
    server = subprocess.Popen([*SERVE, *flags], stdout=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603 - a command of ours
    assert server.stdout is not None
    try:
        line = server.stdout.readline()
        typer.echo(line, nl=False)
        ready = re.search(r"http://\S+", line)
        if ready is None:
            raise DemoError("serve", server.wait())
        yield ready[0], server
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def _ensure(api: httpx.Client, kind: str, document: Document) -> None:
    """Make the object unless it is there."""
    name = {"type": kind, "fq_name": document["fq_name"]}
    if api.post("/fqname-to-id", json=name).status_code == httpx.codes.NOT_FOUND:
        api.post(f"/{kind}s", json={kind: document}).raise_for_status()


def _rows(api: httpx.Client) -> Iterator[tuple[str, ...]]:
    """Pod, interface, network, MAC and addresses of each interface, pod by pod in the order of the interfaces."""
    addresses = _list(api, "instance-ip", "instance_ip_address", "virtual_machine_interface_refs")
    interfaces = _list(api, "virtual-machine-interface", "annotations", "virtual_network_refs", "virtual_machine_interface_mac_addresses")
    marked = [(_marks(interface), interface) for interface in interfaces]
    pods = [(_place(marks), marks, interface) for marks, interface in marked if "index" in marks]
    for (_, _, index), marks, interface in sorted(pods, key=lambda pod: pod[0]):
        held = [row["instance_ip_address"] for row in addresses if interface["uuid"] in _targets(row, "virtual_machine_interface_refs")]
        network = ":".join(interface["virtual_network_refs"][0]["to"])
        macs = interface["virtual_machine_interface_mac_addresses"]["mac_address"]
        name = marks.get("interface") or f"eth{index}"
        yield f"{marks['namespace']}/{marks['name']}", name, network, " ".join(macs), " ".join(held)


def _list(api: httpx.Client, kind: str, *fields: str) -> list[Document]:
    answer = api.get(f"/{kind}s", params={"detail": "true", "fields": ",".join(fields)}).raise_for_status()
    return [row[kind] for row in answer.json()[f"{kind}s"]]


def _marks(document: Document) -> dict[str, str]:
    pairs = (document.get("annotations") or {}).get("key_value_pair") or []
    return {pair["key"]: pair["value"] for pair in pairs}


def _place(marks: Mapping[str, str]) -> tuple[str, str, int]:
    """Where an interface stands in the table; its index is written as `1/3`, the second of three."""
    return marks["namespace"], marks["name"], int(marks["index"].partition("/")[0])


def _targets(document: Document, name: str) -> list[str]:
    return [ref["uuid"] for ref in document.get(name) or []]


def _table(rows: Sequence[tuple[str, ...]]) -> Table:
    table = Table("Pod", "Interface", "Network", "MAC", "Address")
    for number, row in enumerate(rows):
        # A line between one pod and the next.
        table.add_row(*row, end_section=number + 1 < len(rows) and rows[number + 1][0] != row[0])
    return table
