"""The double as a process of its own: makes pods when it is told to, and tells when each got its status."""

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from tests.bench.kube.pods import NAMESPACES, namespace, networks, running
from tests.kube.double import KubeDouble, nad, nad_definition
from tests.kube.double.store import Change

STATUS = "k8s.v1.cni.cncf.io/network-status"
TICK, PORTION = 0.1, 200


class Latencies:
    """How long each pod was without its status."""

    def __init__(self) -> None:
        self._made: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._last = 0.0

    def hear(self, change: Change) -> None:
        """Note a pod when it comes, and when its first status does."""
        if change.new is None or change.new.kind.kind != "Pod":
            return
        metadata = change.new.obj["metadata"]
        now = time.perf_counter()
        if change.old is None:
            self._made[metadata["uid"]] = now
        elif STATUS in metadata["annotations"] and metadata["uid"] not in self._told:
            self._told[metadata["uid"]] = now - self._made.get(metadata["uid"], now)
            self._last = now

    def count(self) -> int:
        """How many have their status."""
        return len(self._told)

    def forget(self) -> None:
        """Begin anew; pods that have their status keep it."""
        self._made.clear()
        self._told.clear()

    def figures(self) -> dict[str, float]:
        """Seconds; `total` is from the first pod to the last status."""
        told = sorted(self._told.values())
        first = min(self._made.values(), default=0.0)
        late = quantiles(told, n=100)[98] if len(told) > 1 else 0.0
        return {"statuses": len(told), "median": median(told or [0.0]), "p99": late, "total": self._last - first}


class Cluster:
    """A double with namespaces and networks; one method for each command."""

    def __init__(self, double: KubeDouble) -> None:
        self._double = double
        self._latencies = Latencies()
        double.listen(self._latencies.hear)
        double.kubectl.apply(
            [{"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": namespace(team)}} for team in range(NAMESPACES)]
        )
        double.kubectl.apply(nad_definition())
        double.kubectl.apply([nad(name, home, cidr=cidr) for home, name, cidr in networks()])

    def make(self, first: int, count: int, seconds: float) -> dict[str, Any]:
        """Begin to make running pods, evenly over some seconds."""
        threading.Thread(target=self._make, args=(first, count, seconds), daemon=True).start()
        return {}

    def _make(self, first: int, count: int, seconds: float) -> None:
        start, done = time.perf_counter(), 0
        while done < count:
            spent = time.perf_counter() - start
            due = count if spent >= seconds else int(count * spent / seconds)
            # In small portions: meanwhile the double has others to answer.
            due = min(due, done + PORTION)
            self._double.kubelet.place([running(first + number) for number in range(done, due)])
            done = due
            if spent < seconds:
                time.sleep(TICK)

    def count(self) -> dict[str, Any]:
        """Pods that got their status since `forget`, and which resources are being watched."""
        return {"statuses": self._latencies.count(), "watched": self._double.open_watches}

    def tell(self) -> dict[str, Any]:
        """What happened since `forget`."""
        writes = [each for each in self._double.recorder.requests if each.writes]
        return {**self._latencies.figures(), "writes": len(writes), "requests": self._double.recorder.tally()}

    def forget(self) -> dict[str, Any]:
        self._latencies.forget()
        self._double.recorder.clear()
        return {}


def main() -> None:
    """Commands come in as lines of JSON, each is answered by one; the first line out is the double's address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kubeconfig", type=Path)
    with KubeDouble(token="", log_size=1_000_000) as double:
        double.kubeconfig(parser.parse_args().kubeconfig)
        cluster = Cluster(double)
        commands: dict[str, Callable[..., dict[str, Any]]] = {
            "make": cluster.make,
            "count": cluster.count,
            "tell": cluster.tell,
            "forget": cluster.forget,
        }
        _say({"url": double.url})
        for line in sys.stdin:
            asked = json.loads(line)
            _say(commands[asked.pop("do")](**asked))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
