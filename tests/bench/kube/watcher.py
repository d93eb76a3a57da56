"""The yardstick: a process that lists and watches the same pods with the same HTTP client, and throws them away."""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

from kube_sync.cluster.http import HttpKubeApi, configuration
from kube_sync.cluster.messages import event_of, page_of

PODS = "/api/v1/pods"
SELECTOR = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"


async def follow(kubeconfig: Path, wanted: int) -> int:
    """List, then watch, until so many pods were seen."""
    async with HttpKubeApi(configuration(kubeconfig)) as api:
        seen, token = 0, ""
        while True:
            page = page_of(await api.read(PODS, limit="500", fieldSelector=SELECTOR, **({"continue": token} if token else {})))
            seen += len(page.items or ())
            token = page.metadata.token
            if not token:
                break
        sys.stdout.write(json.dumps({"listed": seen}) + "\n")
        sys.stdout.flush()
        if seen < wanted:
            async with api.watch(PODS, fieldSelector=SELECTOR, resourceVersion=page.metadata.version, watch="true") as lines:
                async for line in lines:
                    seen += event_of(line).type == "ADDED"
                    if seen == wanted:
                        break
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kubeconfig", type=Path)
    parser.add_argument("wanted", type=int)
    options = parser.parse_args()
    start = time.perf_counter()
    seen = asyncio.run(follow(options.kubeconfig, options.wanted))
    peak = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    sys.stdout.write(json.dumps({"seen": seen, "seconds": time.perf_counter() - start, "peak": int(peak) * 1024}) + "\n")


if __name__ == "__main__":
    main()
