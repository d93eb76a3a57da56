"""The command `netweave kube-sync`."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from pathlib import Path
from typing import Annotated

import structlog
import typer

import netweave
from kube_sync import metrics
from kube_sync.clock import SystemClock
from kube_sync.cluster.api import KubeError
from kube_sync.cluster.folder import Folder
from kube_sync.cluster.http import HttpKubeApi, configuration
from kube_sync.cluster.live import LiveCluster
from kube_sync.cluster.source import Source
from kube_sync.model.refusals import Refusal
from kube_sync.reconcile.worker import Worker
from kube_sync.settings import POD_SUBNET, SettingError, Settings, settings

FAILED, WAITING = 1, 2
PATIENCE = 60.0

ApiUrl = Annotated[str, typer.Option(envvar="NETWEAVE_API_URL", help="The configuration API.")]
Kubeconfig = Annotated[
    Path | None, typer.Option(help="Kubernetes configuration; without it KUBECONFIG, ~/.kube/config, or the cluster this runs in.")
]
Manifests = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="A folder of manifests to sync instead of a cluster.", metavar="DIR")
]
Once = Annotated[bool, typer.Option("--once", help="Bring everything in step, then exit: 0, or 2 if objects wait or are refused.")]
ClusterName = Annotated[str, typer.Option(envvar="NETWEAVE_CLUSTER_NAME", help="Prefix of the names and seed of the uuids of all objects.")]
PodSubnets = Annotated[
    list[str],
    typer.Option("--pod-subnet", envvar="NETWEAVE_POD_SUBNET", help="Addresses of the cluster-wide network; once for each prefix."),
]
Workers = Annotated[int, typer.Option(min=1, max=64, help="How many objects are looked at at the same time.")]
MetricsPort = Annotated[int, typer.Option(min=0, max=65535, help="Offer /metrics on 127.0.0.1 at this port; 0 is off.")]
AllowMassDelete = Annotated[bool, typer.Option("--allow-mass-delete", help="Remove leftovers even if they are suspiciously many.")]


def kube_sync(
    api_url: ApiUrl = netweave.DEFAULT_URL,
    kubeconfig: Kubeconfig = None,
    manifests: Manifests = None,
    once: Once = False,
    cluster_name: ClusterName = "k8s",
    pod_subnet: PodSubnets = [POD_SUBNET],  # noqa: B006 - typer copies it
    workers: Workers = 8,
    metrics_port: MetricsPort = 0,
    allow_mass_delete: AllowMassDelete = False,
) -> None:
    """Give the pods of a cluster, or of a folder of manifests, their networks, interfaces and addresses."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO), logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    try:
        checked = settings(cluster_name, pod_subnet, workers, allow_mass_delete=allow_mass_delete)
        source = _source(kubeconfig, manifests)
        done = asyncio.run(_run(api_url, source, checked, once=once, patience=0 if manifests else PATIENCE, port=metrics_port))
    except (SettingError, Refusal, KubeError, netweave.VncError, netweave.InvalidUrl, netweave.InvalidToken, OSError) as why:
        typer.echo(f"kube-sync: {why}", err=True)
        raise typer.Exit(FAILED) from why
    if not done:
        raise typer.Exit(WAITING)


def _source(kubeconfig: Path | None, manifests: Path | None) -> AbstractAsyncContextManager[Source]:
    if manifests and kubeconfig:
        raise SettingError("--manifests", str(manifests), "excludes --kubeconfig")
    return nullcontext(Folder(manifests, SystemClock(), typer.echo)) if manifests else _cluster(kubeconfig)


@asynccontextmanager
async def _cluster(kubeconfig: Path | None) -> AsyncIterator[Source]:
    async with HttpKubeApi(configuration(kubeconfig)) as api:
        yield LiveCluster(api, SystemClock())


async def _run(
    api_url: str, source: AbstractAsyncContextManager[Source], checked: Settings, *, once: bool, patience: float, port: int
) -> bool:
    """Whether all is in step; without `once`, when a signal ends it."""
    async with netweave.AsyncClient(api_url, token=os.environ.get("NETWEAVE_TOKEN")) as api, source as cluster:
        worker = Worker(api, cluster, checked, SystemClock(), patience=patience)
        if port:
            metrics.serve(worker, port)
        if once:
            return await worker.converge()
        await _until_signal(worker)
        return True


async def _until_signal(worker: Worker) -> None:
    running = asyncio.create_task(worker.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    with suppress(asyncio.CancelledError):
        await running
