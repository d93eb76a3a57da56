"""Keys belong to whoever chose them (contract 5): nobody is given another's answer."""

from uuid import uuid4

import httpx

from tests.access.people import People
from tests.access.scene import Scene, settings
from tests.served import served


async def test_two_users_may_choose_one_key(scene: Scene) -> None:
    one, other = await scene.tenant(), await scene.tenant()
    headers = {"Idempotency-Key": uuid4().hex}

    answers = [
        await who.api.post("/virtual-networks", json=who.document("virtual-network", "net"), headers=headers) for who in (one, other)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["virtual-network"]["uuid"] != answers[1].json()["virtual-network"]["uuid"]


async def test_who_may_ask_is_known_without_a_second_connection(people: People, dsn: str) -> None:
    token = people.token(f"stranger-{uuid4().hex[:8]}", "stranger", project=uuid4().hex)
    entry = {"kind": "virtual-machine", "data": {"fq_name": ["a"]}}
    headers = {"X-Auth-Token": token, "Idempotency-Key": "k"}
    with served(DATABASE_URL=dsn, NETWEAVE_POOL_SIZE="1", **settings(people.path)) as server:
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30, trust_env=False) as api:
            answer = await api.post("/v2/bulk", json={"resources": [entry]})

    assert answer.status_code == 403
