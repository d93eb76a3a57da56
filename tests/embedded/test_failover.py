"""A primary that is lost: its standby takes over, under the address that names both."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from api_server.embedded import EmbeddedServer
from api_server.embedded.postmaster import inhabitants
from tests.served import migrate, served
from tests.standby import Pair, pair


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Pair]:
    with pair(tmp_path) as made:
        migrate(made.primary.dsn)
        yield made


def sockets_of(server: EmbeddedServer) -> str:
    return parse_qs(urlsplit(server.dsn).query)["host"][0]


async def test_the_promoted_standby_is_written_to_and_is_no_replica_any_more(both: Pair) -> None:
    hosts = f"{sockets_of(both.primary)},{sockets_of(both.standby)}"
    url = f"postgresql://netweave@/netweave?host={hosts}&target_session_attrs=read-write"
    domain = {"domain": {"fq_name": ["before"], "display_name": "old"}}
    with served(DATABASE_URL=url, DATABASE_READ_URL=both.standby.dsn) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False, headers={"Max-Staleness": "3600"}) as api:
            path = f"/domain/{(await api.post('/domains', json=domain)).json()['domain']['uuid']}"
            while "Age" not in (await api.get(path)).headers:
                pass
            for pid in inhabitants(both.primary._home.cluster):
                os.kill(pid, signal.SIGKILL)
            orphan = await api.get(path)
            both.promote()
            while (await api.put(path, json={"domain": {"display_name": "new"}})).status_code != 200:
                pass
            after = await api.get(path)

    assert (orphan.json()["domain"]["display_name"], "Age" in orphan.headers) == ("old", True)
    assert (after.json()["domain"]["display_name"], "Age" in after.headers) == ("new", False)
