"""A database cluster: how it is made, and the settings that it runs with."""

import os
import shutil
from pathlib import Path

from api_server.embedded.account import Account
from api_server.embedded.binaries import Binaries
from api_server.embedded.fault import OtherVersion, ProgramFailed
from api_server.embedded.home import Home

MEGABYTE = 1024 * 1024
MEMORY_OF_MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
# Of a container's memory, as the kernel tells it in its newer and its older way.
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
ROLE = "netweave"
# The API's role may make databases, but is no superuser: SQL cannot reach files or programs.
ROLE_AND_DATABASE = f"CREATE ROLE {ROLE} LOGIN CREATEDB;\nCREATE DATABASE {ROLE} OWNER {ROLE};\n"
# The kernel tells who is at the other end of a socket: there is no password to keep, and nobody else gets in.
AUTHENTICATION = "local all all peer map=netweave\n"


def make_cluster(home: Home, binaries: Binaries) -> None:
    """Make the cluster unless it is there. Killed half-way, the next start begins anew."""
    if home.cluster.exists():
        return
    shutil.rmtree(home.half_made, ignore_errors=True)
    home.account.make_directory(home.half_made)
    here = directory_name(home, home.half_made)
    _step(home.account, home.half_made, [str(binaries.initdb), *_initdb_options(here)])
    (home.half_made / "pg_hba.conf").write_text(AUTHENTICATION)
    (home.half_made / "pg_ident.conf").write_text(_identities(home.account))
    _step(home.account, home.half_made, [str(binaries.postgres), "--single", "-D", here, "postgres"], ROLE_AND_DATABASE)
    home.half_made.rename(home.cluster)


def check_version(home: Home, version: str) -> None:
    """Refuse a cluster of another major version: PostgreSQL cannot read it."""
    ours, theirs = version.partition(".")[0], (home.cluster / "PG_VERSION").read_text().strip()
    if ours != theirs:
        raise OtherVersion(home.data_dir, theirs, ours)


def settings(sockets: Path) -> dict[str, str]:
    """What the server runs with, given at each start so that an old cluster gets them too. Durability is PostgreSQL's default: full."""
    return {
        "listen_addresses": "",
        "unix_socket_directories": '"' + str(sockets).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        # A million resources with their refs and addresses are 1.4 GB; a page that is not here costs a read and the check of its sum.
        "shared_buffers": f"{min(max(_memory() // 4, 128), 2048)}MB",
        "max_wal_size": "4GB",
        # A page is logged whole when it is first written after a checkpoint: where there are many, most writes find such pages.
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        # Plans made while the tables were small are made anew when their statistics are; a burst on a new database cannot wait a minute.
        "autovacuum_naptime": "5s",
        "idle_in_transaction_session_timeout": "60s",
        "timezone": "UTC",
        "log_checkpoints": "off",
        "cluster_name": ROLE,
    }


def _memory() -> int:
    """In megabytes: the machine's, or what a container may use of it."""
    limits = [int(text) for path in LIMITS if path.exists() and (text := path.read_text().strip()).isdecimal()]
    return min([MEMORY_OF_MACHINE, *limits]) // MEGABYTE


def directory_name(home: Home, directory: Path) -> str:
    """How a program started in the directory should call it. Where the account cannot come by name, the working directory, which we
    enter as root for it, is still its own."""
    return str(directory) if home.is_reachable else "/proc/self/cwd"


def _initdb_options(here: str) -> list[str]:
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return [f"--pgdata={here}", "--username=postgres", "--auth=peer", "--data-checksums", *locale]


def _identities(account: Account) -> str:
    """Root and the owner of the files could read everything anyway; they may log in, nobody else."""
    names = dict.fromkeys(["root", account.name])
    return "".join(f'netweave "{name}" {role}\n' for name in names for role in (ROLE, "postgres"))


def _step(account: Account, cwd: Path, command: list[str], text: str = "") -> None:
    ran = account.run(command, cwd=cwd, text=text)
    if ran.returncode != 0:
        raise ProgramFailed(Path(command[0]), account.name, _last_line(ran.stderr))


def _last_line(output: str) -> str:
    lines = [line for line in output.splitlines() if "error" in line.lower() or "fatal" in line.lower()]
    return (lines or output.splitlines() or ["it said nothing"])[-1]
