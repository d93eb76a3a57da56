"""Numbers of security groups among many who make them, and the groups of projects made before they had one (contract 3.4)."""

import asyncio

import httpx

from tests.contract.world import World
from tests.released import execute
from tests.served import run, served

ONE_RULE = {"policy_rule": [{"protocol": "any", "src_addresses": [{"security_group": "local"}]}]}


async def test_of_many_made_at_once_each_has_a_number_of_its_own(world: World) -> None:
    made = await asyncio.gather(*(world.create("security-group", f"g{n}") for n in range(16)))

    numbers = [(await world.read("security-group", each["uuid"]))["security_group_id"] for each in made]
    assert len(set(numbers)) == 16
    assert min(numbers) >= 8_000_000
    assert 8_000_001 not in numbers


async def test_of_many_rules_at_the_limit_as_many_are_kept_as_fit(world: World) -> None:
    await world.update("project", world.project_id, quota={"security_group_rule": 4 + 3})

    answers = await asyncio.gather(*(world.post("security-group", f"g{n}", security_group_entries=ONE_RULE) for n in range(9)))

    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [412] * 6
    assert {answer.text for answer in answers if answer.status_code == 412} == {"quota limit (7) exceeded for resource security_group_rule"}


async def test_a_new_group_takes_the_number_that_a_rehearsal_saw(world: World) -> None:
    document = world.document("security-group", "a")

    for _ in range(3):
        assert (await world.api.post("/security-groups?dry_run=true", json=document)).status_code == 200

    assert (await world.api.post("/security-groups", json=document)).status_code == 200


async def test_the_default_project_gets_its_group_where_a_server_made_it_without(dsn: str) -> None:
    group = ["default-domain", "default-project", "default"]
    its = f"(SELECT uuid FROM resource WHERE kind = 'security-group' AND fq_name = ARRAY{group})"
    run(execute(dsn, f"DELETE FROM number WHERE number.owner = {its}; DELETE FROM resource WHERE uuid = {its}"))

    with served(DATABASE_URL=dsn) as server:
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as api:
            uuid = (await api.post("/fqname-to-id", json={"type": "security-group", "fq_name": group})).json()["uuid"]
            shown = (await api.get(f"/security-group/{uuid}")).json()["security-group"]

    assert shown["security_group_id"] >= 8_000_000
    assert [rule["src_addresses"][0]["security_group"] for rule in shown["security_group_entries"]["policy_rule"]] == [
        ":".join(group),
        "local",
        ":".join(group),
        "local",
    ]
