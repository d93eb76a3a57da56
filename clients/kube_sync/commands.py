"""The command `netweave kube-sync`."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Annotated

import typer

import netweave
from kube_sync import metrics
from kube_sync.clock import SystemClock
from kube_sync.cluster.api import KubeError
from kube_sync.cluster.folder import Folder
from kube_sync.cluster.http import HttpKubeApi, configuration
from kube_sync.cluster.live import LiveCluster
from kube_sync.cluster.source import Source
from kube_sync.logs import configure_logs
from kube_sync.model.refusals import Refusal
from kube_sync.options import Options, takes_options
from kube_sync.panels import PanelledGroup
from kube_sync.reconcile.worker import Worker
from kube_sync.settings import CompletedPods, SettingError

FAILED, WAITING = 1, 2
PATIENCE = 60.0

Once = Annotated[bool, typer.Option("--once", help="Bring everything in step, then exit: 0, or 2 if objects wait or are refused.")]

kube_sync = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


@kube_sync.callback(cls=PanelledGroup, invoke_without_command=True, subcommand_metavar="[COMMAND]")
@takes_options
def run(context: typer.Context, options: Options, once: Once = False) -> None:
    """Give the pods of a cluster, or of a folder of manifests, their networks, interfaces and addresses."""
    if context.invoked_subcommand:
        _refuse_options_before(context.invoked_subcommand, context)
        return
    configure_logs(options.log_format, options.log_level)
    with _one_line_errors():
        done = asyncio.run(_run(options, once=once))
    if not done:
        raise typer.Exit(WAITING)


def _refuse_options_before(command: str, context: typer.Context) -> None:
    """What stands before a sub-command would be read for nobody."""
    for name in context.params:
        if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE":
            raise typer.BadParameter(f"--{name.replace('_', '-')} goes after `{command}`")


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except (SettingError, Refusal, KubeError, netweave.VncError, netweave.InvalidUrl, netweave.InvalidToken, OSError) as why:
        typer.echo(f"kube-sync: {why}", err=True)
        raise typer.Exit(FAILED) from why


def _source(kubeconfig: Path | None, manifests: Path | None, completed: CompletedPods) -> AbstractAsyncContextManager[Source]:
    if manifests and kubeconfig:
        raise SettingError("--manifests", str(manifests), "excludes --kubeconfig")
    return nullcontext(Folder(manifests, SystemClock(), typer.echo)) if manifests else _cluster(kubeconfig, completed)


@asynccontextmanager
async def _cluster(kubeconfig: Path | None, completed: CompletedPods) -> AsyncIterator[Source]:
    async with HttpKubeApi(configuration(kubeconfig)) as api:
        yield LiveCluster(api, SystemClock(), completed)


async def _run(options: Options, *, once: bool) -> bool:
    """Whether all is in step; without `once`, when a signal ends it."""
    settings, source = options.settings(), _source(options.kubeconfig, options.manifests, options.completed_pods)
    async with netweave.AsyncClient(options.api_url, token=os.environ.get("NETWEAVE_TOKEN")) as api, source as cluster:
        worker = Worker(api, cluster, settings, SystemClock(), patience=0 if options.manifests else PATIENCE)
        if options.metrics_port:
            metrics.serve(worker, options.metrics_port)
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
