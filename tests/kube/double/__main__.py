"""The double as a process: `python -m tests.kube.double --port 8001 --kubeconfig /tmp/kubeconfig`."""

import argparse
import signal
import sys
from pathlib import Path

from . import KubeDouble


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.kube.double", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--token", default="", help="bearer token to insist on (default: none)")
    parser.add_argument("--kubeconfig", type=Path, help="write a kubeconfig to this file")
    parser.add_argument("--apply", type=Path, action="append", default=[], help="apply a manifest file or folder at start")
    parser.add_argument("--opaque-versions", action="store_true", help="write resourceVersions that are no numbers")
    parser.add_argument("--no-kubelet", action="store_true", help="let deleted pods stay until somebody ends them, as on a node that died")
    options = parser.parse_args()
    stopping = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
    with KubeDouble(port=options.port, token=options.token, opaque_versions=options.opaque_versions) as double:
        if options.no_kubelet:
            double.kubelet.terminate_after = None
        for path in options.apply:
            double.kubectl.apply(path)
        if options.kubeconfig:
            double.kubeconfig(options.kubeconfig)
        sys.stdout.write(f"{double.url}\n")
        sys.stdout.flush()
        signal.sigwait(stopping)


if __name__ == "__main__":
    main()
