"""The stream of changes as a tenant: rules for each type, and of objects and links those that its caller may read (contract 1.14, 5.5)."""

from pathlib import Path
from uuid import uuid4

import httpx

from tests.access.people import People
from tests.access.scene import Scene, access_list, rule, settings
from tests.contract.world import World
from tests.served import served
from tests.watching import Seen, watching

KIND = "virtual-network"


def told(events: list[Seen]) -> list[tuple[str, str]]:
    return [(seen.name, seen.document["uuid"]) for seen in events]


async def share(by: World, uuid: str, tenant: World, access: int) -> None:
    response = await by.action("chmod", uuid=uuid, share=[{"tenant": tenant.project_id, "tenant_access": access}])
    assert response.status_code == 200, response.text


async def test_a_stream_begins_with_what_its_caller_may_read(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    theirs, given, mine = await a.network("theirs"), await a.network("given"), await b.network("mine")
    await share(a, given["uuid"], b, 5)

    async with watching(b.api, KIND) as stream:
        init = (await stream.take(1))[0]

    seen = {each[KIND]["uuid"]: each[KIND] for each in init.data["virtual-networks"]}
    assert {given["uuid"], mine["uuid"]} <= seen.keys()
    assert theirs["uuid"] not in seen
    assert "routing_instances" in seen[mine["uuid"]]
    assert "routing_instances" not in seen[given["uuid"]]


async def test_what_happens_to_others_is_not_told(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()

    async with watching(b.api, KIND) as stream:
        await stream.take(1)
        theirs = await a.network("theirs")
        await a.update(KIND, theirs["uuid"], display_name="renamed")
        await a.delete(KIND, theirs["uuid"])
        mine = await b.network("mine")
        await b.update(KIND, mine["uuid"], display_name="renamed")
        events = await stream.until(mine["uuid"])

    assert theirs["uuid"] not in {uuid for _, uuid in told(events)}
    assert told(events)[0] == ("create", mine["uuid"])


async def test_what_comes_to_be_shared_appears_and_what_is_no_more_goes(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    uuid = (await a.network("net"))["uuid"]

    async with watching(b.api, KIND) as stream:
        await stream.take(1)
        await share(a, uuid, b, 4)
        await a.update(KIND, uuid, display_name="renamed")
        await share(a, uuid, b, 0)
        await a.update(KIND, uuid, display_name="again")
        mine = (await b.network("mine"))["uuid"]
        events = await stream.until(mine, "create")

    assert told(events) == [("create", uuid), ("update", uuid), ("delete", uuid), ("create", mine)]
    assert events[2].document == {"uuid": uuid}


async def test_links_to_what_may_not_be_read_are_left_out_of_events(scene: Scene) -> None:
    a, b = await scene.tenant(), await scene.tenant()
    network = await a.network("net")
    await share(a, network["uuid"], b, 5)
    await a.interface(network, "port")
    mine = await b.interface(network, "mine")

    async with watching(b.api, KIND) as stream:
        await stream.take(1)
        await a.update(KIND, network["uuid"], display_name="renamed")
        event = (await stream.until(network["uuid"]))[-1]

    assert [each["uuid"] for each in event.document["virtual_machine_interface_back_refs"]] == [mine["uuid"]]
    assert "routing_instances" not in event.document


async def test_a_hidden_object_is_told_to_nobody_but_the_administrator(scene: Scene) -> None:
    a = await scene.tenant()

    async with watching(a.api, KIND) as stream:
        await stream.take(1)
        hidden = (await scene.as_admin(a).create(KIND, "hidden", id_perms={"user_visible": False}))["uuid"]
        mine = (await a.network("mine"))["uuid"]
        events = await stream.until(mine, "create")

    assert hidden not in {uuid for _, uuid in told(events)}


async def test_a_stream_ends_with_the_token_it_was_opened_with(dsn: str, tmp_path: Path) -> None:
    people = People(tmp_path / "tokens.yaml")
    token = people.token("alice", "admin")
    with served(DATABASE_URL=dsn, NETWEAVE_WATCH_KEEPALIVE_INTERVAL="0.2", **settings(people.path)) as server:
        people.url = server.url
        async with people.client(token) as api, watching(api, "project") as stream:
            await stream.take(1)
            people.path.write_text("")
            events = await stream.rest()
            again = await api.get("/watch", params={"resource_type": "project"})

    assert [seen.name for seen in events] == ["stop"]
    assert again.status_code == 401


async def test_a_stream_ends_when_its_type_may_be_read_no_more(scene: Scene, dsn: str) -> None:
    role = f"role-{uuid4().hex[:8]}"
    tenant = await scene.tenant(role)
    body = access_list([*tenant.project, "rules"], "project", rule("project", role, "R"))
    uuid = (await scene.admin.post("/api-access-lists", json=body)).json()["api-access-list"]["uuid"]
    more = {"NETWEAVE_WATCH_KEEPALIVE_INTERVAL": "0.2", **settings(scene.people.path)}
    with served(DATABASE_URL=dsn, **more) as server:
        there = httpx.AsyncClient(base_url=server.url, headers=tenant.api.headers, trust_env=False)
        async with there as api, watching(api, "project") as stream:
            await stream.take(1)
            await scene.admin.delete(f"/api-access-list/{uuid}")
            events = await stream.rest()

    assert [seen.name for seen in events] == ["stop"]


async def test_each_type_needs_a_rule_that_lets_it_be_read(scene: Scene) -> None:
    role = f"role-{uuid4().hex[:8]}"
    tenant = await scene.tenant(role)
    body = access_list([*tenant.project, "rules"], "project", rule("project", role, "R"))
    assert (await scene.admin.post("/api-access-lists", json=body)).status_code == 200

    async def asked(types: str) -> int:
        return (await tenant.api.get("/watch", params={"resource_type": types, "timeout": "0"})).status_code

    assert await asked("project") == 200
    assert await asked("project,virtual_network") == 403
