"""The address that a server listens on: a socket for each worker, opened by the parent."""

import errno
import ipaddress
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from api_server.supervisor.fault import HostUnusable, NotLoopback, PortInUse

BACKLOG = 2048
# A server that was killed leaves workers that close the port within a moment.
PATIENCE = 2.0


def listen(host: str, port: int, *, anybody: bool) -> socket.socket:
    """An open socket, which `anybody` or this machine alone may reach. Connections wait in it until a worker is ready, so a server that is
    starting refuses no caller."""
    family, address = _resolve(host, port)
    if not (ipaddress.ip_address(address[0]).is_loopback or anybody):
        raise NotLoopback(host)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return _open(family, address)
        except OSError as why:
            if why.errno != errno.EADDRINUSE:
                raise HostUnusable(host, why.strerror or str(why)) from why
            if time.monotonic() > deadline:
                raise PortInUse(host, port) from why
        time.sleep(0.1)


@contextmanager
def shared(listening: socket.socket, number: int) -> Iterator[list[socket.socket]]:
    """
    A socket of that address for each of so many workers: Linux spreads connections over them. Of one socket a worker that is awake takes
    most of a burst. They are the parent's, so what waits in the one of a worker that died waits for the next.
    """
    if not sys.platform.startswith("linux"):
        yield [listening] * number
        return
    with ExitStack() as stack:
        # Not before it was bound, which showed whether the port was free.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sockets = [listening]
        while len(sockets) < number:
            another = stack.enter_context(socket.socket(listening.family, socket.SOCK_STREAM))
            another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            another.bind(listening.getsockname())
            another.listen(BACKLOG)
            sockets.append(another)
        yield sockets


def address_of(listening: socket.socket) -> str:
    """The URL under which this machine reaches the server."""
    host, port = listening.getsockname()[:2]
    found = ipaddress.ip_address(host)
    if found.is_unspecified:
        host = "127.0.0.1" if found.version == 4 else "::1"
    return f"http://{host}:{port}" if found.version == 4 else f"http://[{host}]:{port}"


def _resolve(host: str, port: int) -> tuple[int, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as why:
        raise HostUnusable(host, why.strerror or str(why)) from why
    family, _, _, _, address = found[0]
    return family, (str(address[0]), int(address[1]))


def _open(family: int, address: tuple[str, int]) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened
