"""The running server as its directory tells it: `postmaster.pid`, the processes that live there, the socket."""

import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

SOCKET = ".s.PGSQL.5432"
# The shortest question of the protocol. A connection alone proves little: the kernel may accept it for a server that is being killed.
ASK_FOR_TLS = struct.pack("!II", 8, 80877103)


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What the server's first process wrote about itself. It may be dead: `answers` tells."""

    pid: int
    sockets: Path
    status: str

    def answers(self) -> bool:
        """Whether it takes connections now."""
        if self.status != "ready":
            return False
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(5)
                client.connect(str(self.sockets / SOCKET))
                client.sendall(ASK_FOR_TLS)
                return client.recv(1) == b"N"
        except OSError:
            return False


def read_postmaster(cluster: Path) -> Postmaster | None:
    """None when there is no such file, or a half-written one."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        return Postmaster(int(lines[0]), Path(lines[4]), lines[7].strip())
    except (FileNotFoundError, IndexError, ValueError):
        return None


def inhabitants(cluster: Path) -> list[int]:
    """The processes that work in the directory. Every PostgreSQL process does, also those that outlive a killed postmaster, and a
    process that merely got a dead postmaster's number does not."""
    if not cluster.exists():
        return []
    if not Path("/proc/self/cwd").exists():
        return _by_number(cluster)
    home = cluster.stat()
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal() and _works_in(entry, home)]


def _works_in(entry: Path, home: os.stat_result) -> bool:
    try:
        return os.path.samestat((entry / "cwd").stat(), home)
    except OSError:  # gone, a zombie, or another user's
        return False


def _by_number(cluster: Path) -> list[int]:
    """The best that a system without /proc lets us know."""
    found = read_postmaster(cluster)
    if found is None:
        return []
    try:
        os.kill(found.pid, 0)
    except ProcessLookupError:
        return []
    except PermissionError:
        pass
    return [found.pid]
