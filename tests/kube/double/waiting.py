"""Waiting for what a test wants to see, on whatever records requests."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from .recorder import Recorder

T = TypeVar("T")


class Waiting:
    """Questions asked until their answer is true."""

    recorder: Recorder

    def wait_for(self, what: Callable[[], T], seconds: float = 10, *, telling: str = "") -> T:
        """Ask until the answer is true, and return it; AssertionError after the timeout."""
        deadline = time.monotonic() + seconds
        while not (answer := what()):
            if time.monotonic() > deadline:
                message = f"not within {seconds} s: {telling or what}; requests: {dict(self.recorder.tally())}"
                raise AssertionError(message)
            time.sleep(0.02)
        return answer

    async def eventually(self, what: Callable[[], T], seconds: float = 10, *, telling: str = "") -> T:
        """`wait_for` for coroutines."""
        return await asyncio.to_thread(self.wait_for, what, seconds, telling=telling)

    def wait_quiet(self, quiet: float = 0.5, seconds: float = 30) -> None:
        """Wait until no request was sent for a while."""
        deadline = time.monotonic() + seconds
        while (requests := self.recorder.requests) and time.monotonic() - requests[-1].at < quiet:
            if time.monotonic() > deadline:
                message = f"not quiet within {seconds} s: {dict(self.recorder.tally())}"
                raise AssertionError(message)
            time.sleep(0.02)
