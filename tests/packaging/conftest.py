"""The wheel, built once, and a virtual environment that holds it: first without the embedded PostgreSQL, then with it."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.packaging.tree import ROOT, copy_tree, must, run

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


def install(venv: Path, *arguments: str | Path) -> None:
    """pip works from outside and compiles nothing: the fastest way to a venv that is used once."""
    must([sys.executable, "-m", "pip", "--python", venv, "install", "--quiet", "--no-compile", *arguments], venv)


@pytest.fixture(scope="session")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment outside the tree that holds the wheel and its locked requirements, and nothing else."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    must([sys.executable, "-m", "venv", "--without-pip", venv], venv.parent)
    install(venv, "--require-hashes", "-r", ROOT / "requirements" / "run.txt")
    install(venv, *OFFLINE, wheel)
    return venv


@pytest.fixture(scope="session")
def refusal(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What `netweave serve` says in it, without a database and without the extra that brings one."""
    home = tmp_path_factory.mktemp("home")
    return run([bare / "bin" / "netweave", "serve", "--data-dir", home / "database"], home, HOME=str(home), COLUMNS="200")


@pytest.fixture(scope="session")
def embedded(bare: Path, refusal: subprocess.CompletedProcess[str]) -> Path:
    """The same environment after what the refusal told to do."""
    assert refusal.returncode != 0
    install(bare, "--require-hashes", "-r", ROOT / "requirements" / "embedded.txt")
    return bare
