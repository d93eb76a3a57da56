"""The `netweave` command, run as a user runs it: a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

CLIENTS = Path(__file__).parents[4] / "clients"


def environment(*paths: Path, **more: str) -> dict[str, str]:
    """This process's environment, without what would steer the command; these paths are searched first."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("NETWEAVE_") and name not in {"NO_COLOR", "FORCE_COLOR"}
    }
    return kept | {"PYTHONPATH": os.pathsep.join(map(str, [*paths, CLIENTS])), "COLUMNS": "200"} | more


def netweave(*words: str, stdin: str = "", path: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "netweave", *words]
    return subprocess.run(line, input=stdin, env=environment(*[path] if path else [], **more), capture_output=True, text=True, check=False)


def python(code: str, *words: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", code, *words]
    return subprocess.run(line, env=environment(*[path] if path else []), capture_output=True, text=True, check=False)
