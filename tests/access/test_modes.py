"""Who is let in, in each mode (contract 5.1, 5.2, 7.2)."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.access.keystone import FakeKeystone, fake_keystone
from tests.access.people import People
from tests.contract.world import FAR_AWAY
from tests.served import Postgres, command, served

PROJECT = str(uuid4())


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeKeystone]:
    with fake_keystone() as fake:
        yield fake


@pytest.fixture(scope="module")
def people(dsn: str, fake: FakeKeystone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """A server in the mode cloud-admin, with a tokens file and a Keystone."""
    people = People(tmp_path_factory.mktemp("access") / "tokens.yaml")
    settings = {"NETWEAVE_AAA_MODE": "cloud-admin", "NETWEAVE_TOKENS_FILE": str(people.path), **fake.settings}
    with served(DATABASE_URL=dsn, **settings) as server:
        people.url = server.url
        yield people


@pytest.fixture
async def stranger(people: People) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=people.url, timeout=30, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/livez", "/healthz", "/readyz"])
async def test_what_says_nothing_of_the_network_needs_no_token(stranger: httpx.AsyncClient, path: str) -> None:
    assert (await stranger.get(path)).status_code == 200


@pytest.mark.parametrize("path", ["/projects", f"/project/{FAR_AWAY}", "/aaa-mode", "/obj-perms", "/nothing-at-all"])
@pytest.mark.parametrize("token", [None, "made-up", "caf\xe9", "x" * 20_000], ids=["none", "unknown", "no ascii", "too long"])
async def test_a_token_that_is_nobodys_is_401_in_plain_text(stranger: httpx.AsyncClient, path: str, token: str | None) -> None:
    headers = [(b"x-auth-token", token.encode("latin-1"))] if token else []

    response = await stranger.get(path, headers=headers)

    assert response.status_code == 401
    assert response.headers["content-type"].startswith("text/plain")
    assert response.headers["www-authenticate"] == "X-Auth-Token"
    assert response.text.startswith("401 Unauthorized: ")


async def test_a_body_is_not_looked_at_before_the_token(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.post("/virtual-networks", content=b"no JSON")).status_code == 401


@pytest.mark.parametrize("role", ["admin", "Admin"])
async def test_the_role_admin_is_let_in_in_any_case(people: People, role: str) -> None:
    async with people.somebody("root", "member", role) as client:
        assert (await client.get("/aaa-mode")).json() == {"aaa-mode": "cloud-admin"}


@pytest.mark.parametrize("roles", [(), ("member",), ("cloud-admin",)])
async def test_other_roles_are_403_with_the_originals_text(people: People, roles: tuple[str, ...]) -> None:
    async with people.somebody("alice", *roles) as client:
        response = await client.get("/projects", headers={"X-API-ROLE": "cloud-admin"})

    assert (response.status_code, response.text) == (403, "403 Permission Denied")


async def test_both_providers_are_asked(people: People, fake: FakeKeystone) -> None:
    async with people.client(fake.give("root", roles=["admin"])) as client:
        assert (await client.get("/projects")).status_code == 200


async def test_a_token_that_is_taken_out_of_the_file_ends(people: People) -> None:
    before = people.path.read_text()
    async with people.somebody("root", "admin") as client:
        assert (await client.get("/projects")).status_code == 200

        people.path.write_text(before)

        assert (await client.get("/projects")).status_code == 401


async def test_a_change_is_its_users(people: People, dsn: str) -> None:
    async with people.somebody("carol", "admin") as client:
        made = await client.post("/domains", json={"domain": {"fq_name": [uuid4().hex]}})

    connection = await asyncpg.connect(dsn)
    actor = await connection.fetchval("SELECT actor FROM change WHERE uuid = $1", made.json()["domain"]["uuid"])
    await connection.close()
    assert actor == "carol"


async def test_obj_perms_tells_of_the_token_that_is_shown(people: People) -> None:
    member = people.token("alice", "Member", project=PROJECT)
    async with people.somebody("root", "admin") as client:
        own = (await client.get("/obj-perms")).json()
        shown = (await client.get("/obj-perms", headers={"X-User-Token": member})).json()
        unknown = await client.get("/obj-perms", headers={"X-User-Token": "made-up"})

    assert (own["is_cloud_admin_role"], own["permissions"]) == (True, "RWX")
    assert (shown["is_cloud_admin_role"], shown["permissions"]) == (False, "")
    assert shown["token_info"]["token"]["user"] == {"name": "alice"}
    assert shown["token_info"]["token"]["roles"] == [{"name": "member"}]
    assert shown["token_info"]["token"]["project"]["id"] == PROJECT.replace("-", "")
    assert unknown.status_code == 401


async def test_problem_documents_say_what_is_missing(stranger: httpx.AsyncClient) -> None:
    response = await stranger.get("/projects", headers={"Accept": "application/problem+json"})

    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")


def test_with_authentication_others_may_be_served(postgres: Postgres, tmp_path: Path) -> None:
    people = People(tmp_path / "tokens.yaml")
    settings = {"NETWEAVE_AAA_MODE": "cloud-admin", "NETWEAVE_TOKENS_FILE": str(people.path)}

    with postgres.database() as url, served("--host", "0.0.0.0", DATABASE_URL=url, **settings) as server:
        assert httpx.get(server.url, trust_env=False).status_code == 200


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"NETWEAVE_AAA_MODE": "rbac"}, "set NETWEAVE_TOKENS_FILE or NETWEAVE_KEYSTONE_URL"),
        ({"NETWEAVE_AAA_MODE": "rbac", "NETWEAVE_TOKENS_FILE": "/nowhere.yaml"}, "/nowhere.yaml cannot be used: No such file"),
        ({"NETWEAVE_AAA_MODE": "everybody"}, "aaa_mode"),
    ],
)
def test_access_control_that_cannot_be_had_is_one_clear_line(settings: dict[str, str], complaint: str) -> None:
    process = command("serve", "--port", 0, DATABASE_URL="postgresql://127.0.0.1:9/none", **settings)
    said, refusal = process.communicate(timeout=60)

    assert (process.returncode, said, len(refusal.splitlines())) == (1, "", 1)
    assert complaint in refusal


def test_no_secret_is_in_what_a_server_says(postgres: Postgres, fake: FakeKeystone, tmp_path: Path) -> None:
    people = People(tmp_path / "tokens.yaml")
    tokens = [people.token("root", "admin"), people.token("alice"), fake.give("bob", roles=["admin"]), "made-up-token"]
    settings = {"NETWEAVE_AAA_MODE": "cloud-admin", "NETWEAVE_TOKENS_FILE": str(people.path), "NETWEAVE_LOG_LEVEL": "debug"}
    with postgres.database() as url:
        process = command("serve", "--port", 0, DATABASE_URL=url, **settings, **fake.settings)
        assert process.stdout is not None
        address = process.stdout.readline().split()[2]
        for token in tokens:
            httpx.get(f"{address}/projects", headers={"X-Auth-Token": token, "X-User-Token": token}, trust_env=False)
        fake.broken = 500
        assert httpx.get(f"{address}/projects", headers={"X-Auth-Token": "another-token"}, trust_env=False).status_code == 503
        fake.broken = 0
        people.path.write_text("spoilt: [")
        httpx.get(f"{address}/projects", headers={"X-Auth-Token": tokens[0]}, trust_env=False)
        process.terminate()
        said = "".join(process.communicate(timeout=60))

    assert "Keystone cannot be asked" in said
    assert not [secret for secret in [*tokens, "another-token", fake.settings["NETWEAVE_KEYSTONE_PASSWORD"]] if secret in said]


def test_the_command_prints_the_entry_and_tells_the_token_beside_it(tmp_path: Path) -> None:
    process = command("token", "--user", "alice", "--role", "member", "--role", "reader", "--project", PROJECT, "--domain", "default")
    entry, told = process.communicate(timeout=60)
    token = told.split()[-1]
    (tmp_path / "tokens.yaml").write_text(entry)

    assert token not in entry
    assert len(entry.splitlines()) == len(told.splitlines()) == 1
    assert f'"user":"alice","roles":["member","reader"],"project_id":"{PROJECT}","domain_id":"default"' in entry
