"""Scenes for the worker: a double, the real server behind a tap, and a cluster name of each test's own."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

import netweave
from tests.kube.double import KubeDouble, nad_definition
from tests.kube.sync.scene import Scene
from tests.kube.sync.tap import Tap


@pytest.fixture
async def scene(kube: KubeDouble, api_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """A cluster that knows nothing of networks yet."""
    tap = Tap(api_url)
    with tap.open() as url:
        async with netweave.AsyncClient(api_url) as api:
            yield Scene(kube, tap, url, api, kube.kubeconfig(tmp_path / "kubeconfig"), f"t{uuid4().hex[:8]}")


@pytest.fixture
def cluster(scene: Scene) -> Scene:
    """A cluster where definitions can be made."""
    scene.kube.kubectl.apply(nad_definition())
    return scene
