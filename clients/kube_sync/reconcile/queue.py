"""The keys that need a look: each once, never two looks at one key at the same time, retries with growing pauses (4.3)."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable

from kube_sync.clock import Clock
from kube_sync.instruments import Instruments
from kube_sync.model.objects import POD, Key
from kube_sync.pace import Bucket

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 120.0
RETRIES_A_SECOND, BURST = 50.0, 100.0


class WorkQueue:
    """Only keys travel: whoever takes some looks at the present state."""

    def __init__(self, clock: Clock, jitter: Callable[[], float] = random.random, instruments: Instruments | None = None) -> None:
        self._clock = clock
        self._instruments = instruments or Instruments()
        self._jitter = jitter
        self._ready: deque[Key] = deque()  # pods
        self._first: deque[Key] = deque()  # what pods rest on
        self._since: dict[Key, float] = {}  # when those stood in line
        self._dirty: set[Key] = set()  # needs a look
        self._running: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._alone: set[Key] = set()  # failed, and may have made others fail with it
        self._returned: set[Key] = set()  # until the pause is over
        self._timers: dict[Key, asyncio.Task[None]] = {}
        self._bucket = Bucket(clock, RETRIES_A_SECOND, BURST)
        self._waiting: list[asyncio.Future[None]] = []
        self._pauses = 0
        self._stopped = False

    def __len__(self) -> int:
        return len(self._ready) + len(self._first)

    def depths(self) -> dict[str, int]:
        """How many keys stand in line, by kind."""
        return {POD: len(self._ready), **Counter(key.kind for key in self._first)}

    @property
    def idle(self) -> bool:
        """Nothing to look at now and no failure waiting for its retry; a key put off may be waiting."""
        return not (self._dirty or self._running or self._failures or self._returned)

    @property
    def running(self) -> frozenset[Key]:
        """The keys that are being looked at."""
        return frozenset(self._running)

    def is_running(self, key: Key) -> bool:
        """Whether the key is being looked at."""
        return key in self._running

    def add(self, key: Key) -> None:
        """Look at the key soon; one that is being looked at gets another look afterwards."""
        self._cancel(key)
        if key not in self._dirty:
            self._dirty.add(key)
            if key not in self._running:
                self._line_up(key)

    def put_off(self, key: Key, seconds: float) -> None:
        """Look at the key after that time, unless something calls for it earlier."""
        if key not in self._dirty:
            self._cancel(key)
            self._timers[key] = asyncio.create_task(self._later(key, seconds))

    def retry(self, key: Key, *, alone: bool = False, at_least: float = 0) -> None:
        """Look again after a pause that doubles with every failure in a row; `alone`, where others should not be harmed again."""
        self._instruments.retries.labels(key.kind).inc()
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        if alone:
            self._alone.add(key)
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 16))
        self.put_off(key, max(pause * (0.5 + self._jitter() / 2), self._bucket.wait(), at_least))

    def forget(self, key: Key) -> None:
        """The key's failures are over."""
        self._failures.pop(key, None)
        self._alone.discard(key)

    async def take(self, most: int = 1) -> list[Key]:
        """Up to so many pods, or one key of what pods rest on, which goes first; they are the caller's until `done`."""
        while self._stopped or self._pauses or not len(self):
            await self._change()
        keys = [self._first.popleft()] if self._first else self._several(most)
        now = self._clock.now()
        for key in keys:
            self._instruments.queue_waits.labels(key.kind).observe(now - self._since.pop(key))
        self._dirty.difference_update(keys)
        self._running.update(keys)
        return keys

    def done(self, key: Key) -> None:
        """The look is over; what happened meanwhile gets its own."""
        self._running.discard(key)
        if key in self._dirty:
            self._line_up(key)
        self._notify()

    def put_back(self, key: Key) -> None:
        """Look at the key again as soon as there is no pause; that it failed was not its fault."""
        if self._pauses:
            self._returned.add(key)
        else:
            self.add(key)

    def pause(self) -> None:
        """Give out no keys until `resume`; each further call says that it takes longer."""
        self._pauses += 1
        self._notify()

    def resume(self) -> None:
        """Go on, with those first that had to wait for their retry: what they failed at is over."""
        self._pauses = 0
        returned, self._returned = self._returned, set()
        for key in [*returned, *self._failures]:
            self.add(key)
        self._notify()

    async def until_settled(self, tries: int) -> bool:
        """Wait until there is nothing to look at; False when a key failed, or a pause was prolonged, more often than that in a row."""
        while not self.idle:
            if max(self._pauses, *self._failures.values(), 0) > tries:
                return False
            await self._change()
        return True

    def failing(self) -> list[Key]:
        """The keys that failed when they were looked at last."""
        return list(self._failures)

    async def stop(self) -> None:
        """Give out no more keys; returns when none is being looked at."""
        self._stopped = True
        timers = list(self._timers.values())
        for timer in timers:
            timer.cancel()
        await asyncio.gather(*timers, return_exceptions=True)
        while self._running:
            await self._change()

    def _line_up(self, key: Key) -> None:
        self._since[key] = self._clock.now()
        (self._ready if key.kind == POD else self._first).append(key)
        self._notify()

    def _several(self, most: int) -> list[Key]:
        keys = [self._ready.popleft()]
        while self._ready and len(keys) < most and not self._alone.intersection((keys[0], self._ready[0])):
            keys.append(self._ready.popleft())
        return keys

    async def _later(self, key: Key, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._timers.pop(key, None)
        self.add(key)

    def _cancel(self, key: Key) -> None:
        if timer := self._timers.pop(key, None):
            timer.cancel()

    async def _change(self) -> None:
        change = asyncio.get_running_loop().create_future()
        self._waiting.append(change)
        await change

    def _notify(self) -> None:
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            if not change.done():
                change.set_result(None)
