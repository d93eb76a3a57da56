"""Scenes for the worker: a double or a part of a real cluster, the real server behind a tap, and a cluster name of each test's own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

import netweave
from tests.kube.conversation import Api
from tests.kube.double import KubeDouble, nad_definition
from tests.kube.real.cluster import real
from tests.kube.real.users import Machinery
from tests.kube.sync.rights import worker_account
from tests.kube.sync.scene import Scene
from tests.kube.sync.tap import Tap


@pytest.fixture(scope="session")
def machinery(real_cluster: Path | None) -> Iterator[Machinery | None]:
    """What tests make for the whole of a real cluster, and take away at the end."""
    if real_cluster is None:
        yield None
        return
    api = Api(real_cluster)
    with api.http:
        machinery = Machinery(api)
        yield machinery
        machinery.clear()


@pytest.fixture
def kube(machinery: Machinery | None) -> Iterator[KubeDouble]:
    """A double with numberless resourceVersions; with --cluster namespaces of a real cluster, which have the same verbs but no faults."""
    if machinery is None:
        with KubeDouble(opaque_versions=True) as double:
            yield double
    else:
        with real(machinery, f"netweave-{uuid4().hex[:6]}-") as cluster:
            yield cast(KubeDouble, cluster)


@pytest.fixture
def kubeconfig(kube: KubeDouble, machinery: Machinery | None, tmp_path: Path) -> Iterator[Path]:
    """The worker's: in a double it has the rights that an installation gives it; who needs another one adds it to base/rbac.yaml."""
    if machinery is not None:
        yield kube.kubeconfig(tmp_path / "kubeconfig")
        return
    account = worker_account(kube)
    yield kube.kubeconfig(tmp_path / "kubeconfig", account=account)
    assert account.denied == [], f"{account.user} needs rights that examples/kubernetes/base/rbac.yaml does not give"


@pytest.fixture
async def scene(kube: KubeDouble, kubeconfig: Path, api_url: str) -> AsyncIterator[Scene]:
    """A cluster that knows nothing of networks yet."""
    tap = Tap(api_url)
    with tap.open() as url:
        async with netweave.AsyncClient(api_url) as api:
            yield Scene(kube, tap, url, api, kubeconfig, f"t{uuid4().hex[:8]}")


@pytest.fixture
def cluster(scene: Scene) -> Scene:
    """A cluster where definitions can be made."""
    scene.kube.kubectl.apply(nad_definition())
    return scene
