"""A look into the server while a load runs, by py-spy, which stands beside it and needs nothing of it."""

import asyncio
import re
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.figures import Side

# Samples a second.
PACE = 500
SHOWN = 25


def found() -> str:
    """The program; SystemExit with what to do where it is missing."""
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if program is None:
        raise SystemExit("--profile needs py-spy: .venv/bin/python -m pip install py-spy")
    return program


async def profile(side: Side, seconds: float) -> list[str]:
    """Take the side once more, watched; the functions that had most of the time, and where all stacks are."""
    files = [Path(f"bench-profile-{re.sub(r'[^a-z0-9]+', '-', side.name.lower()).strip('-')}-{pid}.txt") for pid in side.pids]
    async with _watched(side.pids, files, seconds):
        await side.take(seconds)
    stacks = Counter[str]()
    for file in files:
        for line in file.read_text().splitlines() if file.exists() else ():
            stack, _, samples = line.rpartition(" ")
            stacks[stack] += int(samples)
    return [f"profile of {side.name}; stacks are in {', '.join(map(str, files))}", *top(stacks)]


def top(stacks: Counter[str]) -> list[str]:
    """Functions by the samples at their own lines, and with all below them."""
    own, under = Counter[str](), Counter[str]()
    for stack, samples in stacks.items():
        functions = [re.sub(r":\d+\)$", ")", frame) for frame in stack.split(";")]
        own[functions[-1]] += samples
        for function in set(functions):
            under[function] += samples
    total = sum(own.values())
    return [f"{samples / total:7.1%} own {under[name] / total:7.1%} in all  {name}" for name, samples in own.most_common(SHOWN)]


@asynccontextmanager
async def _watched(pids: tuple[int, ...], files: list[Path], seconds: float) -> AsyncIterator[None]:
    program = found()
    watching = [
        await asyncio.create_subprocess_exec(
            *[program, "record", "--pid", str(pid), "--rate", str(PACE), "--duration", str(max(round(seconds), 1)), "--nonblocking"],
            *["--format", "raw", "--output", str(file)],
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for pid, file in zip(pids, files, strict=True)
    ]
    yield
    await asyncio.gather(*(each.wait() for each in watching))
