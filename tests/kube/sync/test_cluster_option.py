"""`pytest --cluster`: behaviour tests on a cluster behind a kubeconfig, for which a double that runs as a process stands in here."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

import netweave
from tests.kube.conversation import DEFINITIONS, Api, names
from tests.kube.double import KubeDouble, nad_definition
from tests.kube.double.double import BOOTSTRAP_NAMESPACES
from tests.kube.real.cluster import real
from tests.kube.real.users import Machinery
from tests.kube.sync import test_networks, test_pods
from tests.kube.sync.scene import Scene
from tests.kube.sync.tap import Tap

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.double


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of a server that nobody here can reach into."""
    file = tmp_path_factory.mktemp("offered") / "kubeconfig"
    command = [sys.executable, "-m", "tests.kube.double", "--no-kubelet", "--token", "secret", "--kubeconfig", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield file
        process.send_signal(signal.SIGTERM)


def test_the_option_aims_the_tests_at_the_cluster_and_leaves_out_those_of_faults(offered: Path) -> None:
    fault = "tests/kube/sync/test_faults.py::test_b36_a_worker_killed_before_the_status_writes_it_when_it_is_back"
    tests = ["tests/kube/test_double_lists.py", fault]
    command = [sys.executable, "-m", "pytest", "--cluster", "-p", "no:xdist", "-p", "no:cacheprovider", "-rs", *tests]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"KUBECONFIG": str(offered)}, capture_output=True, text=True, check=False)

    assert re.search(r"\d passed, 1 skipped", done.stdout), done.stdout
    assert "needs what only the double can do" in done.stdout


@pytest.mark.parametrize(
    "behaves",
    [
        test_networks.test_b40_a_used_network_stays_until_its_last_pod_has_gone,
        test_pods.test_b26_a_terminating_pod_keeps_its_addresses_until_it_has_gone,
        test_networks.test_b03_way_b_uses_a_network_and_never_makes_or_removes_one,
    ],
)
async def test_a_behaviour_is_the_same_there_and_leaves_nothing(
    behaves: Callable[[Scene], Awaitable[None]], offered: Path, api_url: str, tmp_path: Path
) -> None:
    api = Api(offered)
    machinery, tap = Machinery(api), Tap(api_url)
    with api.http:
        with real(machinery, "netweave-test-") as cluster, tap.open() as url:
            cluster.kubectl.apply(nad_definition())
            async with netweave.AsyncClient(api_url) as client:
                kubeconfig = cluster.kubeconfig(tmp_path / "kubeconfig")
                await behaves(Scene(cast(KubeDouble, cluster), tap, url, client, kubeconfig, f"t{uuid4().hex[:8]}"))
        machinery.clear()
        left = [names(api.get(path).json()) for path in ("/api/v1/namespaces", "/api/v1/nodes", DEFINITIONS)]

    assert left == [sorted(BOOTSTRAP_NAMESPACES), [], []]
