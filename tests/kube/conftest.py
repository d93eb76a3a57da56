"""The double for everybody, and for its conformance tests a client that may also face a real cluster."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kube.conversation import Api, real_cluster
from tests.kube.double import KubeDouble


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
def conforming() -> Iterator[KubeDouble | None]:
    """The server under conformance tests: one double, or (None) the real cluster."""
    if real_cluster():
        yield None
        return
    with KubeDouble() as double:
        yield double


@pytest.fixture(scope="session")
def api(conforming: KubeDouble | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A client of the server under conformance tests."""
    kubeconfig = real_cluster()
    if conforming is not None:
        kubeconfig = conforming.kubeconfig(tmp_path_factory.mktemp("kube") / "kubeconfig")
    assert kubeconfig is not None
    api = Api(kubeconfig)
    with api.http:
        yield api


@pytest.fixture
def home(api: Api) -> Iterator[str]:
    """A namespace of the test's own."""
    made = api.made("/api/v1/namespaces", {"metadata": {"generateName": "double-"}})
    name: str = made["metadata"]["name"]
    # A real cluster refuses pods until it has made the account they run under.
    while real_cluster() and api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default").status_code != 200:
        time.sleep(0.1)
    yield name
    api.delete(f"/api/v1/namespaces/{name}")
