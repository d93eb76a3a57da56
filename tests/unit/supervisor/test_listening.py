"""Which addresses are served, and how they are called."""

import socket
from contextlib import ExitStack, suppress

import pytest

from api_server.supervisor.fault import HostUnusable, NotLoopback, PortInUse
from api_server.supervisor.listening import address_of, listen, shared


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", "http://127.0.0.1:"), ("127.0.0.2", "http://127.0.0.2:"), ("localhost", "http://")]
)
def test_loopback_is_served_without_authentication(host: str, url: str) -> None:
    with listen(host, 0, anybody=False) as listening:
        assert address_of(listening).startswith(url)
        assert not address_of(listening).endswith(":0")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_other_addresses_are_refused_without_authentication(host: str) -> None:
    with pytest.raises(NotLoopback, match="say --allow-no-auth"):
        listen(host, 0, anybody=False)


def test_all_addresses_are_called_by_one_that_this_machine_reaches() -> None:
    with listen("0.0.0.0", 0, anybody=True) as listening, socket.create_connection(("127.0.0.1", listening.getsockname()[1])):
        assert address_of(listening) == f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_of_another_machine_is_refused_and_named(host: str) -> None:
    with pytest.raises(HostUnusable, match=f"cannot serve on --host {host}: "):
        listen(host, 0, anybody=True)


def test_each_worker_has_a_socket_and_connections_are_spread_over_them() -> None:
    with listen("127.0.0.1", 0, anybody=False) as listening, shared(listening, 4) as sockets, ExitStack() as callers:
        for _ in range(200):
            callers.enter_context(socket.create_connection(listening.getsockname()))
        waiting = [len(accepted(each)) for each in sockets]

    assert sum(waiting) == 200
    assert min(waiting) > 0


def test_a_port_that_workers_share_is_in_use_for_others() -> None:
    with listen("127.0.0.1", 0, anybody=False) as listening, shared(listening, 2), pytest.raises(PortInUse):
        listen("127.0.0.1", listening.getsockname()[1], anybody=False)


def accepted(listening: socket.socket) -> list[socket.socket]:
    """The connections that wait in it, closed."""
    listening.setblocking(False)
    found: list[socket.socket] = []
    with suppress(BlockingIOError):
        while True:
            found.append(listening.accept()[0])
            found[-1].close()
    return found
