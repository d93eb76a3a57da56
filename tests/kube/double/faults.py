"""Faults on demand: what a test can make the double do wrong, where, and how often."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypedDict, Unpack

from .targets import Target

Action = Literal["delay", "refuse", "reset_before", "reset_after", "truncate", "half_line", "duplicate", "stall", "close"]
STREAM_ACTIONS: frozenset[Action] = frozenset(("truncate", "half_line", "duplicate", "stall", "close"))


class Where(TypedDict, total=False):
    """Which requests (or events of which watches) a fault strikes; what is left out matches all."""

    verb: str
    resource: str
    namespace: str
    name: str
    subresource: str
    times: int  # how often; left out: until cancelled
    skip: int  # how many matches go unharmed first


@dataclass(eq=False)
class Fault:
    """One fault that was asked for; `hits` counts how often it struck."""

    action: Action
    where: Where
    seconds: float = 0
    code: int = 500
    retry_after: int | None = None
    message: str = ""
    events: int = 0
    hits: int = 0
    seen: int = 0
    cancelled: bool = field(default=False)

    def cancel(self) -> None:
        """Strike no more; a stalled watch goes on."""
        self.cancelled = True

    @property
    def spent(self) -> bool:
        times = self.where.get("times")
        return self.cancelled or (times is not None and self.hits >= times)

    def strikes(self, target: Target) -> bool:
        """Whether it strikes here; counts when it does."""
        if self.spent or not self._matches(target):
            return False
        self.seen += 1
        if self.seen <= self.where.get("skip", 0):
            return False
        self.hits += 1
        return True

    def _matches(self, target: Target) -> bool:
        where = self.where
        asked = (
            (where.get("verb"), target.verb),
            (where.get("resource"), target.resource),
            (where.get("namespace"), target.namespace),
            (where.get("name"), target.name),
            (where.get("subresource"), target.subresource),
        )
        return all(wanted is None or wanted == found for wanted, found in asked)


class Faults:
    """The faults in force. Each method adds one and returns it, to be cancelled or asked for its hits."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def delay(self, seconds: float, **where: Unpack[Where]) -> Fault:
        """Answer late."""
        return self._add(Fault("delay", where, seconds=seconds))

    def refuse(self, code: int, *, retry_after: int | None = None, message: str = "", **where: Unpack[Where]) -> Fault:
        """Answer with an error status (429, 500, 503, ...) and do nothing."""
        return self._add(Fault("refuse", where, code=code, retry_after=retry_after, message=message))

    def forbid(self, **where: Unpack[Where]) -> Fault:
        """Answer 403, as missing RBAC rights do."""
        return self._add(Fault("refuse", where, code=403))

    def reset_before(self, **where: Unpack[Where]) -> Fault:
        """Reset the connection without having done anything."""
        return self._add(Fault("reset_before", where))

    def reset_after(self, **where: Unpack[Where]) -> Fault:
        """Do what was asked, then reset the connection: the reply is lost."""
        return self._add(Fault("reset_after", where))

    def truncate_line(self, **where: Unpack[Where]) -> Fault:
        """Cut the JSON of an event short, but end its line and go on."""
        return self._add(Fault("truncate", where))

    def half_line(self, **where: Unpack[Where]) -> Fault:
        """Send half an event and close the stream."""
        return self._add(Fault("half_line", where))

    def duplicate(self, **where: Unpack[Where]) -> Fault:
        """Send an event twice."""
        return self._add(Fault("duplicate", where))

    def stall(self, **where: Unpack[Where]) -> Fault:
        """Send nothing more on a watch, and do not close it; cancel() lets what was held back go."""
        return self._add(Fault("stall", where))

    def close_after(self, events: int, **where: Unpack[Where]) -> Fault:
        """Close each matching watch after so many events."""
        return self._add(Fault("close", where, events=events))

    def clear(self) -> None:
        for fault in self._faults:
            fault.cancel()
        self._faults = []

    def of_request(self, target: Target) -> Iterator[Fault]:
        """The faults that strike this request, in the order they were asked for."""
        return (fault for fault in tuple(self._faults) if fault.action not in STREAM_ACTIONS and fault.strikes(target))

    def of_event(self, target: Target, sent: int) -> Fault | None:
        """The fault that strikes the next line of a watch that has sent so many events."""
        for fault in tuple(self._faults):
            if fault.action in STREAM_ACTIONS and sent >= fault.events and fault.strikes(target):
                return fault
        return None

    def _add(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault
