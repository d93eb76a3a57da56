"""`python -m tests.bench.kube`, run by `make bench-kube`: the worker beside a bare watcher, at scale."""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.kube.processes import cluster
from tests.bench.kube.report import document, lines
from tests.bench.kube.runs import Runs
from tests.bench.kube.tap import Tap
from tests.bench.stage import Stage, api, embedded
from tests.served import migrate


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-kube", description=__doc__)
    parser.add_argument("--pods", type=int, help="that come, each with 3 interfaces  [5000]")
    parser.add_argument("--synced", type=int, help="that are in step when a worker starts  [50000]")
    parser.add_argument("--seconds", type=float, help="in which the pods come  [10]")
    parser.add_argument("--quick", action="store_true", help="300 pods in 1 s, 1000 in step: to see that it runs")
    parser.add_argument("--output", type=Path, default=Path("bench-kube.json"), help="where all figures go as JSON  [%(default)s]")
    asked = parser.parse_args()
    pods, seconds, synced = (300, 1.0, 1000) if asked.quick else (5000, 10.0, 50_000)
    pods, synced = asked.pods or pods, asked.synced or synced
    if synced < pods:
        parser.error("--synced: the pods that came are among those in step")
    with tempfile.TemporaryDirectory(prefix="netweave-bench-kube-") as directory, embedded(Path(directory)) as stage:
        told = asyncio.run(run(stage, pods, synced, asked.seconds if asked.seconds is not None else seconds))
    asked.output.write_text(json.dumps(told, indent=2) + "\n")
    print(f"all figures are in {asked.output}")


async def run(stage: Stage, pods: int, synced: int, seconds: float) -> dict[str, Any]:
    """Measure, print; all figures."""
    start = time.monotonic()
    database = stage.postgres.make()
    migrate(database)
    with api(database) as server:
        async with Tap(server.url).open() as tap, cluster(stage.directory) as kube:
            runs = Runs(
                stage.directory,
                tap,
                lambda: {"server": list(server.pids), "PostgreSQL": stage.processes(), "tap": [os.getpid()]},
                _say,
            )
            new = await runs.new(kube, pods, seconds)
            if synced > pods:
                await runs.fill(kube, pods, synced)
            in_step = await runs.synced(kube, synced)
    conditions = {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()}
    _say("")
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, embedded PostgreSQL, one server process, the Kubernetes double\n")
    print("\n".join([*lines(new, in_step), "", f"{time.monotonic() - start:.0f} seconds in all"]))
    return document(new, in_step, conditions)


def _say(what: str) -> None:
    """Where the run is, on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{what}")


if __name__ == "__main__":
    main()
