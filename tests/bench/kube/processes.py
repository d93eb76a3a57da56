"""The processes of a run: the cluster, the worker and the bare watcher, each measured from outside."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).parents[3]
DEPTH = re.compile(r"^\w*kube_sync_queue_depth(?:\{[^}]*\})? (\S+)", re.MULTILINE)
LINE_LIMIT = 2**20


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def environment() -> dict[str, str]:
    """This checkout's code, and no setting that leaks in from outside."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("NETWEAVE_", "KUBE"))}
    return outside | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "clients")])}


class Cluster:
    """The double in its process; speaks in lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process, kubeconfig: Path) -> None:
        self._process = process
        self.kubeconfig = kubeconfig
        self.pid = process.pid

    async def ask(self, do: str, **what: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **what}).encode() + b"\n")
        return await answer(self._process)


@asynccontextmanager
async def cluster(directory: Path) -> AsyncIterator[Cluster]:
    """A fresh cluster with namespaces and networks and no pod."""
    kubeconfig = directory / f"kubeconfig-{time.monotonic_ns()}"
    command = python("-m", "tests.bench.kube.cluster", str(kubeconfig))
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment(), limit=LINE_LIMIT
    )
    await answer(process)
    try:
        yield Cluster(process, kubeconfig)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


class Worker:
    """`netweave kube-sync` in its process."""

    def __init__(self, pid: int, http: httpx.AsyncClient, log: Path) -> None:
        self.pid = pid
        self._http = http
        self._log = log

    def peak(self) -> int:
        """The most memory that it ever had, in bytes."""
        return peak_of(self.pid)

    def said(self) -> str:
        """The end of its log."""
        return self._log.read_text()[-2000:]

    async def depth(self) -> float | None:
        """How many objects wait for a look; None before it tells."""
        try:
            told = DEPTH.findall((await self._http.get("/metrics")).text)
        except httpx.HTTPError:
            if not psutil.pid_exists(self.pid):
                raise WorkerEndedError(self.said()) from None
            return None
        return sum(map(float, told))


class WorkerEndedError(Exception):
    """The worker ended by itself; says what it said last."""


@asynccontextmanager
async def worker(api_url: str, kubeconfig: Path) -> AsyncIterator[Worker]:
    """A worker that runs meanwhile."""
    port, log = free_port(), kubeconfig.with_suffix(f".{time.monotonic_ns()}.log")
    options = ["--api-url", api_url, "--kubeconfig", str(kubeconfig), "--cluster-name", "bench", "--metrics-port", str(port)]
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(*python("-m", "netweave", "kube-sync"), *options, env=environment(), stderr=said)
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
                yield Worker(process.pid, http, log)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()


@asynccontextmanager
async def watcher(kubeconfig: Path, wanted: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A bare watcher that has listed what there is, and ends when it has seen so many pods."""
    command = python("-m", "tests.bench.kube.watcher", str(kubeconfig), str(wanted))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment())
    await answer(process)
    yield process
    await process.wait()


async def answer(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The next line that a process says."""
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(await process.stdout.readline())
    return found


def peak_of(pid: int) -> int:
    """The high-water mark of a process's resident memory (Linux)."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
