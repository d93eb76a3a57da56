"""How much of a core each process had, and how much it wanted: on a crowded machine the two differ."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Share:
    """Parts of one core: `used`, and `wanted`, which adds the time that the process was ready to run and had to wait for a core."""

    used: float
    wanted: float


class Meter:
    """Reads what the processes used between `start` and `stop`."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._before = {pid: _used(pid) for pid in pids}
        self._start = time.perf_counter()

    def stop(self, pids: Sequence[int]) -> Share:
        """The sum over `pids`; what began since the start counts from zero."""
        spent = time.perf_counter() - self._start
        gains = [[after - before for after, before in zip(_used(pid), self._before.get(pid, (0.0, 0.0)), strict=True)] for pid in pids]
        used, waited = (sum(each) / spent for each in zip(*gains, strict=True)) if gains else (0.0, 0.0)
        return Share(used, used + waited)


def family(pid: int) -> list[int]:
    """The process and all below it."""
    process = psutil.Process(pid)
    return [pid, *(child.pid for child in process.children(recursive=True))]


def _used(pid: int) -> tuple[float, float]:
    """CPU seconds, and seconds ready but without a core (Linux tells; elsewhere zero)."""
    try:
        times = psutil.Process(pid).cpu_times()
        schedule = Path(f"/proc/{pid}/schedstat")
        waited = int(schedule.read_text().split()[1]) / 1e9 if schedule.exists() else 0.0
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return 0.0, 0.0
    return times.user + times.system, waited
