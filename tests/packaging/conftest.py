"""The wheel, built once, and two virtual environments that hold it: with the embedded PostgreSQL and without."""

import sys
import tarfile
from pathlib import Path

import pytest

from tests.packaging.tree import ROOT, copy_tree, must

BUILD_SDIST = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
OFFLINE = ("--no-deps", "--no-index")


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    must([sys.executable, "-c", BUILD_SDIST, folder], copy_tree(folder / "tree"))
    return next(folder.glob("netweave-*.tar.gz"))


@pytest.fixture(scope="session")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source distribution: what that one forgets, the wheel lacks."""
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    source = next(folder.glob("netweave-*"))
    must([sys.executable, "-m", "pip", "wheel", *OFFLINE, "--no-build-isolation", "--wheel-dir", folder, "."], source)
    return next(folder.glob("netweave-*.whl"))


def installed(folder: Path, wheel: Path, requirements: str) -> Path:
    """A new virtual environment outside the tree, with the locked requirements and the wheel; the folder of its commands."""
    venv = folder / "venv"
    must([sys.executable, "-m", "venv", venv], folder)
    pip: list[str | Path] = [venv / "bin" / "python", "-m", "pip", "install", "--quiet"]
    must([*pip, "--require-hashes", "-r", ROOT / "requirements" / requirements], folder)
    must([*pip, *OFFLINE, wheel], folder)
    return venv / "bin"


@pytest.fixture(scope="session")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("bare"), wheel, "run.txt")


@pytest.fixture(scope="session")
def embedded(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("embedded"), wheel, "embedded.txt")
