"""The double as a process of its own."""

import json
import signal
import subprocess
import sys
from pathlib import Path

from tests.kube.conversation import Api, names, pods_of
from tests.kube.double import pod

ROOT = Path(__file__).parents[2]


def test_the_double_runs_as_a_process_and_stops_on_a_signal(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(json.dumps(pod("a")))
    kubeconfig = tmp_path / "kubeconfig"
    command = [
        sys.executable,
        "-m",
        "tests.kube.double",
        "--kubeconfig",
        str(kubeconfig),
        "--apply",
        str(tmp_path / "pod.yaml"),
        "--token",
        "t",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        client = Api(kubeconfig)
        with client.http:
            listed = client.get(pods_of("default"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0

    assert url.startswith("http://127.0.0.1:")
    assert names(listed.json()) == ["a"]
