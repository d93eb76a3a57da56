"""A server in rbac mode, and tenants in it: each a user with a project of its own, seen as a `World`."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.access.people import People
from tests.contract.world import World
from tests.served import served

GLOBAL = "default-global-system-config"
MEMBER = "member"


@pytest.fixture(scope="module")
def people(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """The people of an rbac server of this module's own, where the role `member` may ask everything."""
    people = People(tmp_path_factory.mktemp("access") / "tokens.yaml")
    with served(DATABASE_URL=dsn, **settings(people.path)) as server:
        people.url = server.url
        with httpx.Client(base_url=server.url, headers={"X-Auth-Token": people.token("root", "admin")}, trust_env=False) as client:
            body = access_list([GLOBAL, "members"], "global-system-config", rule("*", MEMBER, "CRUD"))
            assert client.post("/api-access-lists", json=body).status_code == 200
        yield people


def settings(tokens: Path) -> dict[str, str]:
    return {
        "NETWEAVE_AAA_MODE": "rbac",
        "NETWEAVE_TOKENS_FILE": str(tokens),
        "NETWEAVE_GLOBAL_READ_ONLY_ROLE": "auditor",
    }


def rule(thing: str, role: str, crud: str, field: str = "*") -> dict[str, object]:
    return {"rule_object": thing, "rule_field": field, "rule_perms": [{"role_name": role, "role_crud": crud}]}


def access_list(fq_name: list[str], parent: str, *rules: dict[str, object]) -> dict[str, object]:
    return {"api-access-list": {"fq_name": fq_name, "parent_type": parent, "api_access_list_entries": {"rbac_rule": rules}}}


class Scene:
    """Makes tenants; their clients are closed at the end."""

    def __init__(self, people: People, stack: AsyncExitStack, admin: httpx.AsyncClient) -> None:
        self.people = people
        self.admin = admin
        self._stack = stack

    async def tenant(self, *roles: str, beside: World | None = None) -> World:
        """A user in a new project of a new domain, or of the domain of another tenant."""
        root = World(self.admin) if beside is None else World(self.admin, beside.domain, dict(beside.ids))
        if beside is None:
            root.ids["domain"] = (await root.create("domain", root.domain))["uuid"]
        project, uuid = f"project-{uuid4().hex[:8]}" if beside else "project", str(uuid4())
        await root.create("project", project, parent_type="domain", fq_name=[root.domain, project], uuid=uuid)
        client = await self.user(*(roles or (MEMBER,)), project=uuid, domain=root.ids["domain"])
        return Tenant(client, root.domain, {**root.ids, "project": uuid, "name": project})

    async def user(self, *roles: str, project: str = "", domain: str = "") -> httpx.AsyncClient:
        """A client of a new user. Providers spell ids with dashes or without; both are one."""
        client = self.people.somebody(f"user-{uuid4().hex[:8]}", *roles, project=project.replace("-", ""), domain=domain)
        return await self._stack.enter_async_context(client)

    def as_admin(self, world: World) -> World:
        """The same place, seen by the administrator."""
        return Tenant(self.admin, world.domain, world.ids)


class Tenant(World):
    """A world whose project has a name of its own."""

    @property
    def project(self) -> list[str]:
        return [self.domain, self.ids["name"]]


@pytest.fixture
async def scene(people: People) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(people.somebody("root", "admin"))
        yield Scene(people, stack, admin)
