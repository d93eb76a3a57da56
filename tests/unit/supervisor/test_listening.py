"""Which addresses are served, and how they are called."""

import socket

import pytest

from api_server.supervisor.fault import HostUnusable, NotLoopback
from api_server.supervisor.listening import address_of, listen


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
