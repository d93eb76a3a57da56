"""`serve` and `migrate` as processes: ready, drained, killed, refused."""

import asyncio
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from api_server.embedded.postmaster import inhabitants, read_postmaster
from tests.served import Postgres, Server, command, migrate, run, served, start


def workers_of(server: Server) -> list[psutil.Process]:
    """The living ones."""
    found = []
    for child in psutil.Process(server.process.pid).children():
        with suppress(psutil.NoSuchProcess):  # dead, or a zombie
            if "api_server.main" in " ".join(child.cmdline()):
                found.append(child)
    return found


def eventually(condition: object, seconds: float = 60) -> bool:
    """Whether the condition comes true before it is too late."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def answers(server: Server, path: str = "/readyz") -> bool:
    try:
        return httpx.get(server.url + path, timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def refused(*arguments: object, **environment: str) -> str:
    """The one line with which a command refuses; its exit code is 1."""
    process = command(*arguments, **environment)
    said, complaint = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, "")
    assert len(complaint.splitlines()) == 1, complaint
    return complaint


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """Whatever a test left running there is ended."""
    yield tmp_path / "data"
    for pid in inhabitants(tmp_path / "data" / "cluster") if (tmp_path / "data" / "cluster").exists() else []:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_serve_on_a_fresh_directory_is_ready_when_it_says_so_and_leaves_nothing_running(data_dir: Path, number: signal.Signals) -> None:
    server = start("--data-dir", data_dir)
    ready = answers(server)
    children = psutil.Process(server.process.pid).children(recursive=True)

    assert ready
    assert server.stop(number) == 0
    assert not any(child.is_running() for child in children)
    assert inhabitants(data_dir / "cluster") == []


def test_two_serves_on_one_directory_share_the_database(data_dir: Path) -> None:
    domain = {"domain": {"fq_name": ["shared"]}}
    with served("--data-dir", data_dir) as one:
        with served("--data-dir", data_dir) as other:
            uuid = httpx.post(other.url + "/domains", json=domain).json()["domain"]["uuid"]

            assert httpx.get(f"{one.url}/domain/{uuid}").status_code == 200
        assert httpx.get(f"{one.url}/domain/{uuid}").status_code == 200


def test_serves_that_start_at_the_same_moment_on_one_fresh_directory_all_serve(data_dir: Path) -> None:
    processes = [command("serve", "--port", 0, "--data-dir", data_dir) for _ in range(2)]
    lines = [process.stdout.readline() for process in processes if process.stdout is not None]
    domains = [httpx.get(re.findall(r"http://\S+", line)[0] + "/domains", timeout=30).json()["domains"] for line in lines]
    for process in processes:
        process.terminate()
    complaints = [process.communicate(timeout=60)[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], complaints
    assert len(domains[0]) == 1
    assert domains[0][0]["uuid"] == domains[1][0]["uuid"]
    assert inhabitants(data_dir / "cluster") == []


def test_serves_that_start_at_the_same_moment_on_one_database_all_serve(postgres: Postgres) -> None:
    url = postgres.make()
    migrate(url)
    processes = [command("serve", "--port", 0, DATABASE_URL=url) for _ in range(3)]
    lines = [process.stdout.readline() for process in processes if process.stdout is not None]
    for process in processes:
        process.terminate()
    complaints = [process.communicate(timeout=60)[1] for process in processes]

    assert all(line.startswith("Netweave serves http://127.0.0.1:") for line in lines), complaints
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert run(_count(url, "domain")) == 1
    postgres.drop(url)


def test_workers_share_a_port_and_a_killed_one_comes_back(postgres: Postgres) -> None:
    with postgres.database() as url, served("--workers", 2, DATABASE_URL=url) as server:
        before = workers_of(server)
        before[0].kill()

        assert len(before) == 2
        assert eventually(lambda: len({worker.pid for worker in workers_of(server)} - {worker.pid for worker in before}) == 1)
        assert eventually(lambda: answers(server))


def test_workers_of_a_killed_parent_end_and_free_the_port(postgres: Postgres) -> None:
    with postgres.database() as url:
        server = start("--workers", 2, DATABASE_URL=url)
        orphans = workers_of(server)
        server.stop(signal.SIGKILL)
        with served("--port", httpx.URL(server.url).port, DATABASE_URL=url) as again:
            assert again.url == server.url

        assert eventually(lambda: not any(worker.is_running() for worker in orphans))


def test_a_start_after_kill_9_of_everything_recovers(data_dir: Path) -> None:
    server = start("--data-dir", data_dir)
    uuid = httpx.post(server.url + "/domains", json={"domain": {"fq_name": ["kept"]}}).json()["domain"]["uuid"]
    for pid in (server.process.pid, *inhabitants(data_dir / "cluster")):
        os.kill(pid, signal.SIGKILL)
    server.process.wait()

    with served("--data-dir", data_dir) as again:
        assert httpx.get(f"{again.url}/domain/{uuid}").status_code == 200


def test_a_killed_postmaster_comes_back_under_a_running_server(data_dir: Path) -> None:
    with served("--data-dir", data_dir) as server:
        found = read_postmaster(data_dir / "cluster")
        assert found is not None
        os.kill(found.pid, signal.SIGKILL)

        assert eventually(lambda: answers(server) and read_postmaster(data_dir / "cluster") not in {None, found})
        assert answers(server, "/domains")


async def test_a_stopping_server_answers_the_requests_it_has(dsn: str) -> None:
    server = await asyncio.to_thread(start, DATABASE_URL=dsn)
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        await client.get("/readyz")
        blocker = await asyncpg.connect(dsn)
        transaction = blocker.transaction()
        await transaction.start()
        await blocker.execute("LOCK TABLE resource IN ACCESS EXCLUSIVE MODE")
        request = asyncio.ensure_future(client.get("/domains"))
        while not await blocker.fetchval("SELECT count(*) FROM pg_locks, pg_sleep(0.02) WHERE NOT granted"):
            pass
        server.process.terminate()
        await asyncio.sleep(0.5)
        await transaction.rollback()
        await blocker.close()

        assert (await request).status_code == 200
    assert await asyncio.to_thread(server.process.wait, 30) == 0


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert f"port {port} is in use" in refused("serve", "--port", port, "--data-dir", tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_another_host_than_this_machine_is_refused_without_authentication(host: str, tmp_path: Path) -> None:
    assert "say --allow-no-auth" in refused("serve", "--host", host, "--data-dir", tmp_path / "data")


def test_another_host_is_served_when_it_is_allowed(postgres: Postgres) -> None:
    with postgres.database() as url, served("--host", "0.0.0.0", "--allow-no-auth", DATABASE_URL=url) as server:
        assert answers(server)


def test_serve_refuses_a_database_without_tables_and_migrate_makes_them(postgres: Postgres) -> None:
    url = postgres.make()
    complaint = refused("serve", "--port", 0, DATABASE_URL=url)
    said, again = migrate(url), migrate(url)

    assert "has no tables of Netweave" in complaint
    assert "run `netweave migrate` first" in complaint
    assert said.startswith("The database went from revision none to ")
    assert again.endswith(" already\n")
    with served(DATABASE_URL=url) as server:
        assert answers(server)
    postgres.drop(url)


@pytest.mark.parametrize("arguments", [("serve", "--port", 0), ("migrate",)], ids=["serve", "migrate"])
def test_a_database_of_a_newer_version_is_refused(postgres: Postgres, arguments: tuple[object, ...]) -> None:
    with postgres.database() as url:
        run(_execute(url, "UPDATE alembic_version SET version_num = 'from-tomorrow'"))

        assert "is at revision from-tomorrow, made by a newer version" in refused(*arguments, DATABASE_URL=url)


def test_more_connections_than_postgresql_gives_are_refused_with_the_numbers(postgres: Postgres) -> None:
    with postgres.database() as url:
        complaint = refused("serve", "--port", 0, "--workers", 4, DATABASE_URL=url, NETWEAVE_POOL_SIZE="493")

    assert "--workers 4 with 500 connections each needs 2000" in complaint


def test_an_unreachable_database_is_one_clear_line_without_its_password() -> None:
    complaint = refused("serve", "--port", 0, DATABASE_URL="postgresql://someone:secret@127.0.0.1:1/netweave")

    assert "The database 127.0.0.1:1/netweave cannot be reached" in complaint
    assert "secret" not in complaint


@pytest.mark.parametrize("url", ["mysql://127.0.0.1/netweave", "netweave", "postgresql://127.0.0.1:port/netweave"])
def test_a_database_url_that_is_none_is_one_clear_line(url: str) -> None:
    assert "DATABASE_URL" in refused("serve", "--port", 0, DATABASE_URL=url)


def test_a_standby_of_the_embedded_postgresql_is_one_clear_line() -> None:
    assert "the embedded PostgreSQL has no standby" in refused("serve", "--database-read-url", "postgresql://127.0.0.1/netweave")


def test_a_bad_setting_is_named_with_its_value() -> None:
    assert "workers: Input should be a valid integer, unable to parse string as an integer, not 'many'" in refused(
        "serve", NETWEAVE_WORKERS="many"
    )


def test_a_directory_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")

    assert "is not empty and holds no Netweave database" in refused("serve", "--port", 0, "--data-dir", tmp_path)


async def _count(url: str, kind: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        count: int = await connection.fetchval("SELECT count(*) FROM resource WHERE kind = $1", kind)
    finally:
        await connection.close()
    return count


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
