"""The double for everybody, and for its conformance tests a client that may also face a real cluster."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kube.conversation import Api
from tests.kube.double import KubeDouble


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A real cluster has no faults on demand."""
    if config.getoption("--cluster"):
        for item in items:
            if item.get_closest_marker("double"):
                # They break the double's wire or clock on demand. Without the option, as in `make test`, all run.
                item.add_marker(pytest.mark.skip(reason="needs what only the double can do, and --cluster was given"))


@pytest.fixture(scope="session")
def real_cluster(request: pytest.FixtureRequest) -> Path | None:
    """The kubeconfig of the cluster that --cluster offers."""
    if not request.config.getoption("--cluster"):
        return None
    if not os.environ.get("KUBECONFIG"):
        raise pytest.UsageError("--cluster needs KUBECONFIG: the kubeconfig of a cluster to test on")
    return Path(os.environ["KUBECONFIG"])


@pytest.fixture
def kube() -> Iterator[KubeDouble]:
    """A fresh double with numberless resourceVersions, so that whoever counts them is found out."""
    with KubeDouble(opaque_versions=True) as double:
        yield double


@pytest.fixture
def client(kube: KubeDouble, tmp_path: Path) -> Iterator[Api]:
    """A client of the double: for what only the double can do."""
    api = Api(kube.kubeconfig(tmp_path / "double.yaml"))
    with api.http:
        yield api


@pytest.fixture(scope="session")
def conforming(real_cluster: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of the server under conformance tests: one double, or the real cluster."""
    if real_cluster:
        yield real_cluster
        return
    with KubeDouble() as double:
        yield double.kubeconfig(tmp_path_factory.mktemp("kube") / "kubeconfig")


@pytest.fixture(scope="session")
def api(conforming: Path) -> Iterator[Api]:
    """A client of the server under conformance tests."""
    api = Api(conforming)
    with api.http:
        yield api
        api.leave()


@pytest.fixture
def home(api: Api, real_cluster: Path | None) -> Iterator[str]:
    """A namespace of the test's own."""
    made = api.made("/api/v1/namespaces", {"metadata": {"generateName": "double-"}})
    name: str = made["metadata"]["name"]
    # A real cluster refuses pods until it has made the account they run under.
    while real_cluster and api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default").status_code != 200:
        time.sleep(0.1)
    yield name
    api.delete(f"/api/v1/namespaces/{name}")
