"""The command `netweave kube-sync`."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from socket import gethostname
from typing import Annotated, Literal
from uuid import uuid4

import httpx
import typer

import netweave
from kube_sync.clock import SystemClock
from kube_sync.cluster.api import KubeError
from kube_sync.cluster.farewell import release_finalizers
from kube_sync.cluster.folder import Folder, Known
from kube_sync.cluster.http import HttpKubeApi, configuration, is_inside
from kube_sync.cluster.lease import ALWAYS, Lease, Periods, Place, Turn
from kube_sync.cluster.live import LiveCluster
from kube_sync.cluster.manifests import STDIN
from kube_sync.cluster.source import Source
from kube_sync.instruments import Instruments
from kube_sync.logs import LogLevel, configure_logs
from kube_sync.metrics.calls import MeasuredTransport
from kube_sync.metrics.pages import Shown
from kube_sync.metrics.server import offered
from kube_sync.model.refusals import Refusal
from kube_sync.options import Options, takes_options
from kube_sync.panels import PanelledCommand, PanelledGroup
from kube_sync.reconcile.fence import Fence
from kube_sync.reconcile.known import known_uids
from kube_sync.reconcile.worker import Worker
from kube_sync.rehearsal.calls import Plan, as_json, as_text
from kube_sync.rehearsal.kubernetes import RehearsedCluster, RehearsedFolder
from kube_sync.rehearsal.overlay import Overlay
from kube_sync.settings import SettingError

FAILED, WAITING, CHANGES = 1, 2, 2
PATIENCE = 60.0

Once = Annotated[bool, typer.Option("--once", help="Bring everything in step, then exit: 0, or 2 if objects wait or are refused.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing: tell what one run would do, as the command `plan` does.")]
Output = Annotated[Literal["text", "json"], typer.Option("--output", "-o", help="One line a call, or all of each call for programs.")]
Kubeconfig = Annotated[Path | None, typer.Option(help="Kubernetes configuration, found as for a run.")]
OneNamespace = Annotated[str | None, typer.Option("--namespace", "-n", help="Of this namespace only.", metavar="NAME")]

kube_sync = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


@kube_sync.callback(cls=PanelledGroup, invoke_without_command=True, subcommand_metavar="[COMMAND]")
@takes_options
def run(context: typer.Context, options: Options, once: Once = False, dry_run: DryRun = False) -> None:
    """Give the pods of a cluster, or of a folder of manifests, their networks, interfaces and addresses."""
    if context.invoked_subcommand:
        _refuse_options_before(context.invoked_subcommand, context)
        return
    if dry_run:
        _tell_plan(options, "text")
        return
    configure_logs(options.log_format, options.log_level)
    with _one_line_errors():
        done = asyncio.run(_run(options, once=once))
    if not done:
        raise typer.Exit(WAITING)


@kube_sync.command(cls=PanelledCommand)
@takes_options
def plan(options: Options, output: Output = "text") -> None:
    """Tell what a run would do, and write nothing. Leaves with 0 if it would do nothing, 2 if something, 1 if that cannot be told."""
    _tell_plan(options, output)


@kube_sync.command(name="release-finalizers")
def release(kubeconfig: Kubeconfig = None, namespace: OneNamespace = None) -> None:
    """Take our finalizer off every definition, for the day the worker is removed; stop the worker first. Leaves with 1 if one kept it."""
    with _one_line_errors():
        released = asyncio.run(_release(kubeconfig, namespace))
    if not released:
        raise typer.Exit(FAILED)


def _tell_plan(options: Options, output: Literal["text", "json"]) -> None:
    configure_logs(options.log_format, LogLevel.WARNING)
    with _one_line_errors():
        found, whole = asyncio.run(_plan(options))
    typer.echo(as_text(found) if output == "text" else as_json(found))
    if not whole:
        raise typer.Exit(FAILED)
    if len(found):
        raise typer.Exit(CHANGES)


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


@asynccontextmanager
async def _source(
    options: Options, known: Known, plan: Plan | None = None, instruments: Instruments | None = None, turn: Turn = ALWAYS
) -> AsyncIterator[Source]:
    """The folder or the cluster; with a plan, one that notes there what it would write."""
    clock, completed, path = SystemClock(), options.completed_pods, options.manifests
    if path is None:
        async with HttpKubeApi(configuration(options.kubeconfig)) as api:
            yield LiveCluster(api, clock, completed, instruments, turn) if plan is None else RehearsedCluster(api, clock, completed, plan)
    elif options.kubeconfig:
        raise SettingError("--manifests", str(path), "excludes --kubeconfig")
    elif path != STDIN and not path.exists():
        raise SettingError("--manifests", str(path), "is no file and no folder")
    elif plan is None:
        yield Folder(path, clock, typer.echo, recursive=options.recursive, known=known)
    else:
        yield RehearsedFolder(path, clock, partial(typer.echo, err=True), plan, recursive=options.recursive, known=known)


@asynccontextmanager
async def _turn(options: Options, *, once: bool) -> AsyncIterator[Turn]:
    """Meanwhile a candidate for the Lease, where one is wanted: that is the default inside the cluster, for a worker that stays."""
    if options.lease and options.manifests:
        raise SettingError("--manifests", str(options.manifests), "excludes --lease")
    inside = options.manifests is None and is_inside(options.kubeconfig)
    if not (inside and not once if options.lease is None else options.lease):
        yield ALWAYS
        return
    config = configuration(options.kubeconfig)
    place = Place(options.lease_namespace or config.namespace, options.lease_name)
    # On connections of its own, so that a busy worker does not keep it from renewing.
    async with HttpKubeApi(config) as api:
        lease = Lease(api, SystemClock(), place, f"{gethostname()}_{uuid4()}", Periods(options.lease_duration))
        async with lease.campaign():
            yield lease


def _api(options: Options, wire: httpx.AsyncBaseTransport | None = None) -> netweave.AsyncClient:
    token = os.environ.get("NETWEAVE_TOKEN")
    return netweave.AsyncClient(options.api_url, token=token, transport=wire or httpx.AsyncHTTPTransport())


async def _run(options: Options, *, once: bool) -> bool:
    """Whether all is in step; without `once`, when a signal ends it."""
    settings, clock, instruments = options.settings(), SystemClock(), Instruments()
    wire = MeasuredTransport(httpx.AsyncHTTPTransport(), instruments, clock)
    async with (
        _turn(options, once=once) as turn,
        _api(options, Fence(wire, turn)) as api,
        _source(options, partial(known_uids, api, settings.names), None, instruments, turn) as source,
    ):
        worker = Worker(
            api, source, settings, clock, turn, patience=0 if options.manifests else PATIENCE, instruments=instruments, stream=api
        )
        shown = Shown(worker, source.watched, api, wire, instruments, settings.cluster_name, clock)
        async with offered(shown.pages, options.metrics_host, options.metrics_port) if options.metrics_port else nullcontext():
            if once:
                return await worker.converge()
            await _until_signal(worker)
            return True


async def _release(kubeconfig: Path | None, namespace: str | None) -> bool:
    async with HttpKubeApi(configuration(kubeconfig)) as api:
        return await release_finalizers(api, namespace, typer.echo)


async def _plan(options: Options) -> tuple[Plan, bool]:
    """What a run would do, and whether that is all of it."""
    settings, found = options.settings(), Plan()
    async with _api(options) as api, _source(options, partial(known_uids, api, settings.names), found) as source:
        # No patience: what a worker that stays would remove in a minute is part of the plan.
        worker = Worker(Overlay(api, found), source, settings, SystemClock(), patience=0)
        await worker.converge()
        return found, source.is_whole() and not worker.failing()


async def _until_signal(worker: Worker) -> None:
    running = asyncio.create_task(worker.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    with suppress(asyncio.CancelledError):
        await running
