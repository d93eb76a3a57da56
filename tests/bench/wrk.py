"""`wrk`, written in C: a load that takes the least of a core."""

import asyncio
import re
import resource
import signal
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from tests import debian
from tests.bench import generator
from tests.bench.orders import TOKENS, Load, LoadFailed, Order, Step, TooShort

_TOKEN = re.compile(f"({'|'.join(map(re.escape, TOKENS))})")
_DOES = (Path(__file__).parent / "load.lua").read_text()


def found() -> bool:
    """Whether it is here, or could be had."""
    return debian.program("wrk") is not None


async def ordered(order: Order) -> Load:
    """Let wrk do it; LoadFailed when an answer was no 2xx or a connection broke, TooShort without an answer."""
    before = _children()
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(script_of(order))
        script.flush()
        # It ends when it is interrupted: its own clock counts whole seconds.
        command = [
            "wrk",
            f"-t{order.threads}",
            f"-c{order.clients}",
            f"-d{order.seconds + 60:.0f}s",
            "--timeout",
            "60s",
            "-s",
            script.name,
            order.url,
        ]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        reading = asyncio.ensure_future(process.communicate())
        await asyncio.wait([reading], timeout=order.seconds)
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        said = (await reading)[0].decode()
    result = re.search(r"^\{.*\}$", said, re.MULTILINE)
    did = orjson.loads(result[0]) if result else {}
    if did and not (did["requests"] or did["refused"] or did["broken"]):
        raise TooShort
    if not did or did["refused"] or did["broken"]:
        raise LoadFailed(f"the load failed, so there is no figure: {await generator.complaint(order)}\n{said}")
    spent = did["microseconds"] / 1e6
    return Load(
        did["requests"] / spent, (_children() - before) / spent, did["bytes"] / did["requests"], did["p50"] / 1000, did["p99"] / 1000
    )


def script_of(order: Order) -> str:
    """The order in Lua, and what is done with it."""
    host = urlsplit(order.url).netloc
    if len(order.steps) == 1 and not _TOKEN.search(order.steps[0].path + order.steps[0].body):
        # One request again and again: wrk need not ask Lua for it.
        (step,) = order.steps
        told = f"wrk.method, wrk.path, wrk.body = {_quoted(step.method)}, {_quoted(step.path)}, {_quoted(step.body)}\n"
        told += 'if wrk.body == "" then wrk.body = nil else wrk.headers["Content-Type"] = "application/json" end\n'
        return f"order = {{ plain = true }}\n{told}{_DOES}"
    steps = ", ".join(_in_parts(_request(step, host)) for step in order.steps)
    return f"order = {{ run = {order.run}, span = {order.span}, steps = {{{steps}}} }}\n{_DOES}"


def _in_parts(request: str) -> str:
    """A list of texts and of the tokens between them."""
    return "{" + ", ".join(_quoted(part) for part in _TOKEN.split(request) if part) + "}"


def _request(step: Step, host: str) -> str:
    head = f"{step.method} {step.path} HTTP/1.1\r\nHost: {host}\r\n"
    if step.body:
        head += f"Content-Type: application/json\r\nContent-Length: {step.length}\r\n"
    return f"{head}\r\n{step.body}"


def _quoted(text: str) -> str:
    """A string of Lua; ASCII without control characters but line ends is written as in JSON."""
    return orjson.dumps(text).decode()


def _children() -> float:
    """CPU seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
