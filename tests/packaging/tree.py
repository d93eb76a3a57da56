"""The project's own tree, and programs run on it as a user would run them."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILT_FROM = (
    "MANIFEST.in",
    "README.md",
    "api_server",
    "clients",
    "examples",
    "migrations",
    "pyproject.toml",
    "schemas",
    "setup.py",
)
# Where Python looks for modules, and which database is used, must not leak from the developer's shell into what is under test.
FOREIGN = ("DATABASE_URL", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")


def run(command: Sequence[str | Path], cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run to the end and return what was said; the caller judges the exit code."""
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN} | variables
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False)


def must(command: Sequence[str | Path], cwd: Path) -> str:
    """Run, and fail the test with the program's own words when it fails."""
    done = run(command, cwd)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def copy_tree(target: Path) -> Path:
    """Copy what a build reads, so that building leaves nothing behind in the checkout."""
    target.mkdir()
    for name in BUILT_FROM:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "web"))
        else:
            shutil.copy(source, target / name)
    return target
