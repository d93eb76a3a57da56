"""A watch on the wire: lines as they come, bookmarks, the agreed end, and every way a stream can break."""

import asyncio
import random
from dataclasses import dataclass, field

from .faults import Fault, Faults
from .kinds import Kind
from .refusals import BadRequest, Invalid, ServerTimeout
from .selectors import Selection
from .store import Store
from .targets import Target
from .watchers import Watcher, Watchers
from .wire import Connection, Request


def watcher_of(watchers: Watchers, store: Store, kind: Kind, selection: Selection, query: dict[str, str]) -> Watcher:
    """An open watch as the query asks for it, with what it begins with already queued."""
    version = query.get("resourceVersion") or "0"
    streaming = query.get("sendInitialEvents", "").lower() in ("1", "true")
    watcher = Watcher(kind, selection, store.revisions.number(version), query.get("allowWatchBookmarks", "").lower() in ("1", "true"))
    if streaming:
        _check_streaming(query, watcher)
        if watcher.after > store.number:
            cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
            message = f"Timeout: Too large resource version: {version}, current: {store.version}"
            raise ServerTimeout(message, causes=[cause])
    watchers.start(watcher, initial=streaming or version == "0")
    if streaming:
        watchers.bookmark(watcher, initial_events_end=True)
    return watcher


def _check_streaming(query: dict[str, str], watcher: Watcher) -> None:
    if query.get("resourceVersionMatch") != "NotOlderThan":
        problem = ("resourceVersionMatch", "Forbidden: resourceVersionMatch must be NotOlderThan when sendInitialEvents is set")
        raise Invalid("ListOptions.meta.k8s.io", "", [problem])
    if not watcher.bookmarks:
        problem = ("sendInitialEvents", "Forbidden: sendInitialEvents needs allowWatchBookmarks")
        raise Invalid("ListOptions.meta.k8s.io", "", [problem])


def lifetime(query: dict[str, str]) -> float:
    """Seconds until the server ends a watch: as asked, else half an hour to an hour."""
    text = query.get("timeoutSeconds") or "0"
    if not text.isdecimal():
        message = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        raise BadRequest(message)
    return int(text) or random.uniform(1800, 3600)


@dataclass
class Stream:
    """One watch being sent."""

    connection: Connection
    watcher: Watcher
    target: Target
    faults: Faults
    watchers: Watchers
    bookmark_interval: float
    sent: int = 0
    ended: bool = False
    _leaving: asyncio.Task[None] = field(init=False)

    async def run(self, request: Request) -> None:
        """Send until the agreed time is over, the client leaves, or somebody closes the watch."""
        self._leaving = asyncio.create_task(self._note_leaving())
        try:
            await self.connection.begin_stream()
            await self._send_until(asyncio.get_running_loop().time() + lifetime(request.query))
            if self.watcher.aborting:
                self.connection.abort()
            elif not self.connection.client_left.is_set():
                await self.connection.end_stream()
        finally:
            self._leaving.cancel()
            self.watchers.stop(self.watcher)

    async def _note_leaving(self) -> None:
        await self.connection.watch_for_leaving()
        self.watcher.wake.set()

    async def _send_until(self, deadline: float) -> None:
        clock = asyncio.get_running_loop().time
        bookmark_at = clock() + self.bookmark_interval
        while not self.connection.client_left.is_set():
            self.watcher.wake.clear()
            await self._flush()
            if self.ended or self.watcher.closing or clock() >= deadline:
                return
            if clock() >= bookmark_at:
                bookmark_at = clock() + self.bookmark_interval
                if self.watcher.bookmarks:
                    self.watchers.bookmark(self.watcher)
                    continue
            await self._sleep(min(deadline, bookmark_at) - clock())

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.watcher.wake.wait()
        except TimeoutError:
            pass

    async def _flush(self) -> None:
        """Send what is queued, as few chunks as the faults allow."""
        batch: list[bytes] = []
        while self.watcher.lines and not (self.ended or self.watcher.aborting or self.connection.client_left.is_set()):
            if fault := self.faults.of_event(self.target, self.sent):
                await self._send(batch)
                batch = []
                await self._mistreat(fault)
            else:
                batch.append(self.watcher.lines.popleft())
                self.sent += 1
        await self._send(batch)

    async def _send(self, lines: list[bytes]) -> None:
        if lines:
            await self.connection.chunk(b"".join(lines))

    async def _mistreat(self, fault: Fault) -> None:
        if fault.action == "stall":
            await self._hold(fault)
            return
        if fault.action == "close":
            self.ended = True
            return
        line = self.watcher.lines.popleft()
        self.sent += 1
        half = line[: len(line) // 2]
        await self.connection.chunk({"truncate": half + b"\n", "half_line": half, "duplicate": line + line}[fault.action])
        self.ended = fault.action == "half_line"

    async def _hold(self, fault: Fault) -> None:
        """Send nothing, whatever wakes us, until the fault is cancelled; somebody else's thread does that, so we look."""
        while not (fault.cancelled or self.connection.client_left.is_set() or self.watcher.aborting):
            self.watcher.wake.clear()
            await self._sleep(0.02)
