"""Scenes for the worker: a double, the real server behind a tap, and a cluster name of each test's own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

import netweave
from tests.kube.double import Account, KubeDouble, nad_definition
from tests.kube.sync.rights import worker_account
from tests.kube.sync.scene import Scene
from tests.kube.sync.tap import Tap


@pytest.fixture
def account(kube: KubeDouble) -> Iterator[Account]:
    """Workers have the rights that an installation gives them; who needs another one adds it to examples/kubernetes/base/rbac.yaml."""
    account = worker_account(kube)
    yield account
    assert account.denied == [], f"{account.user} needs rights that examples/kubernetes/base/rbac.yaml does not give"


@pytest.fixture
async def scene(kube: KubeDouble, account: Account, api_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """A cluster that knows nothing of networks yet."""
    kubeconfig = kube.kubeconfig(tmp_path / "kubeconfig", account=account)
    tap = Tap(api_url)
    with tap.open() as url:
        async with netweave.AsyncClient(api_url) as api:
            yield Scene(kube, tap, url, api, kubeconfig, f"t{uuid4().hex[:8]}")


@pytest.fixture
def cluster(scene: Scene) -> Scene:
    """A cluster where definitions can be made."""
    scene.kube.kubectl.apply(nad_definition())
    return scene
