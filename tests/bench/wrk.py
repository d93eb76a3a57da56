"""`wrk` for reads, where it is installed: written in C, it takes the least of a core."""

import asyncio
import os
import re
import resource
import shutil
import subprocess

from tests.bench.generator import Load, Order


def found() -> bool:
    """Whether it is here; as root on Debian it is installed when it is not."""
    if shutil.which("wrk") is None and os.geteuid() == 0 and (installer := shutil.which("apt-get")):
        subprocess.run([installer, "install", "--yes", "--quiet", "wrk"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return shutil.which("wrk") is not None


async def ordered(order: Order) -> Load:
    """Let wrk read; ends the run when an answer was no 2xx or a socket failed."""
    before = _children()
    command = ["wrk", "-t1", f"-c{order.clients}", f"-d{max(round(order.seconds), 1)}s", order.url + order.path]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said = (await process.communicate())[0].decode()
    requests = re.search(r"(\d+) requests in ([\d.]+)(m?)s", said)
    if requests is None or "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"the load failed, so there is no figure: {said}")
    spent = float(requests[2]) / (1000 if requests[3] else 1)
    return Load(int(requests[1]) / spent, (_children() - before) / spent)


def _children() -> float:
    """CPU seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
