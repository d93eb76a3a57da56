"""What a run of the worker took, as lines for people and as a document for programs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.bench.kube.runs import Figures

MIB = 2**20


def lines(new: Figures, synced: Figures) -> Iterator[str]:
    """The figures of both runs, and beside each what a bare watcher needed."""
    yield f"{new.pods:,} pods with 3 interfaces, from nothing"
    yield from _beside("first pod to last status", new)
    yield f"  status latency              {new.latency['median']:10.2f} s median, {new.latency['p99']:.2f} s p99"
    yield from _calls(new)
    yield f"  queue                       {max(new.depths, default=0):10,.0f} objects at most, {new.depths[-1]:,.0f} at the end"
    yield from _processes(new)
    yield ""
    yield f"{synced.pods:,} pods in step, a worker starts"
    yield from _beside("start to quiet", synced)
    yield f"  writes                      {synced.config_writes + synced.kube_writes:10,d}"
    yield from _calls(synced)
    yield from _processes(synced)


def document(new: Figures, synced: Figures, conditions: dict[str, Any]) -> dict[str, Any]:
    """All figures, ratios too."""
    return {"conditions": conditions, "new": vars(new) | _ratios(new), "synced": vars(synced) | _ratios(synced)}


def _ratios(figures: Figures) -> dict[str, float]:
    return {"time_ratio": figures.seconds / figures.bare_seconds, "memory_ratio": figures.peak / figures.bare_peak}


def _beside(what: str, figures: Figures) -> Iterator[str]:
    ratios = _ratios(figures)
    time = f"{figures.bare_seconds:10.1f} s bare watcher {ratios['time_ratio']:10.2f}"
    memory = f"{figures.bare_peak / MIB:10.0f} MiB bare watcher {ratios['memory_ratio']:8.2f}"
    yield f"  {what:27}{figures.seconds:10.1f} s   {time}"
    yield f"  {'peak memory':27}{figures.peak / MIB:10.0f} MiB {memory}"


def _calls(figures: Figures) -> Iterator[str]:
    config, kube = _most(figures.config, figures.pods), _most(figures.kube, figures.pods)
    yield f"  config API                  {figures.config.total() / figures.pods:10.2f} requests a pod: {config}"
    yield f"  Kubernetes writes           {figures.kube_writes / figures.pods:10.2f} a pod; all requests: {kube}"


def _most(requests: Counter[str], pods: int) -> str:
    return ", ".join(f"{name} {count / pods:.3f}" for name, count in requests.most_common(6)) or "none"


def _processes(figures: Figures) -> Iterator[str]:
    told = ", ".join(f"{name} {used:.1f} ({wanted:.1f})" for name, (used, wanted) in figures.processes.items())
    yield f"  CPU seconds (wanted)        {told}"
