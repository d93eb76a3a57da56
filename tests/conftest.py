"""Fixtures of every test: a PostgreSQL, a served API and the databases behind them. Nothing is started before a test asks for it."""

import os
import signal
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from api_server.embedded import EmbeddedServer
from tests.contract.reports import pytest_sessionfinish, pytest_terminal_summary, pytest_testnodedown
from tests.served import Postgres, served

# What schemathesis counted is printed at the end, whichever process counted it.
__all__ = ["pytest_sessionfinish", "pytest_terminal_summary", "pytest_testnodedown"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Kubernetes is the double unless a real cluster is offered."""
    parser.addoption("--cluster", action="store_true", help="run the tests of Kubernetes on the cluster of KUBECONFIG, not on the double")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as cores: a test waits for servers that start, for clocks and for disks a third of its time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(cores + cores // 2, 1)


def pytest_configure() -> None:
    """A run that is told to end, as by `timeout`, still stops the servers that it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Under nohup, or in the background of a script, the programs under test would inherit deafness to these.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """The server of TEST_DATABASE_URL (whose user may make databases), or an embedded one in a temporary directory."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        given = Postgres(url)
        yield given
        if "template" in vars(given):
            given.drop(given.template)
        return
    with EmbeddedServer.start(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield Postgres(server.dsn)


@pytest.fixture(scope="module")
def dsn(postgres: Postgres) -> Iterator[str]:
    """A migrated and bootstrapped database of this module's own, which no server uses."""
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def database_url(postgres: Postgres) -> Iterator[str]:
    """The database behind `api_url`."""
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def api_url(database_url: str) -> Iterator[str]:
    """A server that all tests of the session share: each keeps to a project of its own."""
    with served(DATABASE_URL=database_url) as server:
        yield server.url


@pytest.fixture
async def api(api_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that server."""
    async with httpx.AsyncClient(base_url=api_url, timeout=30, trust_env=False) as client:
        yield client
