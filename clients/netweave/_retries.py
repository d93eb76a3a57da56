"""When to ask again, and how long to wait before."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from ._errors import Unreachable
from ._requests import Call

T = TypeVar("T")
Outcome = httpx.Response | httpx.RequestError

# The request never left: asking again is safe whatever it was.
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout)
CUT_OFF = (httpx.NetworkError, httpx.RemoteProtocolError)


@dataclass(frozen=True)
class Retries:
    """At most `times` more attempts, `first` seconds after the first failure, doubling up to `longest`."""

    times: int = 4
    first: float = 0.1
    longest: float = 2.0

    def pauses(self) -> Iterator[float]:
        for attempt in range(self.times):
            yield min(self.first * 2**attempt, self.longest)


PATIENT = Retries()


def worth_repeating(call: Call[Any], outcome: Outcome) -> bool:
    """True if the failure is one that passes and asking twice does no harm. A timeout is not: the server is slow already."""
    if isinstance(outcome, NEVER_SENT):
        return True
    return call.repeatable and (isinstance(outcome, CUT_OFF) or (isinstance(outcome, httpx.Response) and outcome.status_code in {502, 503}))


def settled(url: str, call: Call[T], outcome: Outcome) -> T:
    """What the last attempt means: its result, or the error it is raised as."""
    if isinstance(outcome, httpx.Response):
        return call.answer(outcome)
    reason = str(outcome) or type(outcome).__name__
    raise Unreachable(url, f"{call.method} {call.path}", reason) from outcome
