"""`netweave demo` as a newcomer runs it: the founding text's manifests become interfaces with addresses."""

import os
import re
import signal
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path

import asyncpg
import httpx

from api_server.embedded import EmbeddedServer
from tests.served import ROOT, run

WANTED = {
    "default/multi-network-pod": ["10.32.0.0/12", "10.10.40.0/24", "10.10.50.0/24"],
    "default/ubuntu-pod-3": ["10.32.0.0/12", "10.10.20.0/24", "10.10.30.0/24", "10.10.10.0/24", "10.10.60.0/24"],
}


def demo(data_dir: Path, *arguments: str) -> subprocess.Popen[str]:
    outside = {name: value for name, value in os.environ.items() if "DATABASE" not in name and not name.startswith("NETWEAVE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "netweave.cli", "demo", "--port", "0", "--data-dir", str(data_dir), *arguments],
        cwd=ROOT,
        env={**outside, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'clients'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def once(data_dir: Path) -> str:
    process = demo(data_dir, "--once")
    said, complaint = process.communicate(timeout=180)
    assert process.returncode == 0, complaint
    return said


def rows_of(said: str) -> dict[str, list[list[str]]]:
    """The cells after the first, by pod."""
    rows: dict[str, list[list[str]]] = {}
    for line in said.splitlines():
        if line.startswith("│"):
            pod, *cells = (cell.strip() for cell in line.strip("│").split("│"))
            rows.setdefault(pod, []).append(cells)
    return rows


def changes(data_dir: Path) -> int:
    async def count(dsn: str) -> int:
        connection = await asyncpg.connect(dsn)
        try:
            found: int = await connection.fetchval("SELECT count(*) FROM change")
        finally:
            await connection.close()
        return found

    with EmbeddedServer.start(data_dir) as server:
        written: int = run(count(server.dsn))
    return written


def test_demo_shows_each_pods_interfaces_in_order_and_a_second_run_writes_nothing(tmp_path: Path) -> None:
    rows = rows_of(once(tmp_path / "data"))
    written = changes(tmp_path / "data")
    again = rows_of(once(tmp_path / "data"))

    assert list(rows) == list(WANTED)
    for pod, prefixes in WANTED.items():
        assert [interface for interface, *_ in rows[pod]] == [f"eth{index}" for index in range(len(prefixes))]
        assert all(ip_address(row[-1]) in ip_network(prefix) for row, prefix in zip(rows[pod], prefixes, strict=True))
    assert rows["default/ubuntu-pod-3"][-1][1] == "default-domain:k8s-extns:k8s-extns-pod-network"
    assert again == rows
    assert changes(tmp_path / "data") == written


def test_demo_serves_until_ctrl_c_and_the_lines_to_try_work(tmp_path: Path) -> None:
    process = demo(tmp_path / "data")
    assert process.stdout is not None
    said = ""
    while "until Ctrl-C" not in said:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        said += line
    links = re.findall(r"curl '?(http[^\s']+)", said)
    answers = [httpx.get(link, timeout=30, trust_env=False).status_code for link in links]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert answers == [200, 200]
    assert process.returncode == 0


def test_demo_without_a_server_says_why(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    process = demo(tmp_path)
    complaint = process.communicate(timeout=60)[1].splitlines()

    assert process.returncode == 1
    assert "is not empty and holds no Netweave database" in complaint[0]
    assert complaint[1:] == ["netweave: the demo stops: serve ended with status 1"]
