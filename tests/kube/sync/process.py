"""`netweave kube-sync` as a process of its own: to be killed, paused and ended."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kube.sync.scene import Scene

ROOT = Path(__file__).parents[3]
COMMAND = "from netweave.cli import main; main()"


@contextmanager
def process(cluster: Scene, *arguments: str, api_url: str = "") -> Iterator[subprocess.Popen[str]]:
    """A worker that runs meanwhile; what it says is in `stderr`."""
    told = ["--api-url", api_url or cluster.api_url, "--kubeconfig", str(cluster.kubeconfig), "--cluster-name", cluster.names.cluster]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "clients")])}
    command = [sys.executable, "-c", COMMAND, "kube-sync", *told, *arguments]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as worker:
        try:
            yield worker
        finally:
            worker.kill()
