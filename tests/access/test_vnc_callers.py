"""The published vnc_api client against an rbac server: one caller logs in at a Keystone, another brings a token."""

import json
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.access.keystone import fake_keystone
from tests.access.people import People
from tests.access.scene import GLOBAL, access_list, rule, settings
from tests.served import ROOT, Postgres, served

CLIENT = ROOT / ".venv-vnc" / "bin" / "python"
ALICES, STRANGERS = str(uuid4()), str(uuid4())


@pytest.fixture(scope="module")
def seen(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the client saw in one run."""
    if not CLIENT.exists():
        pytest.fail("The published client is not installed: `make .venv-vnc/.installed` builds its venv (`make test` does it too)")
    folder = tmp_path_factory.mktemp("vnc")
    people = People(folder / "tokens.yaml")
    with fake_keystone() as keystone, postgres.database() as url:
        keystone.passwords["alice"] = "secret-of-alice"
        keystone.documents["alice"] = {"roles": ["member"], "project": ALICES.replace("-", "")}
        with served(DATABASE_URL=url, **settings(people.path), **keystone.settings) as server:
            prepare(server.url, people)
            token = people.token("bob", "member", project=STRANGERS)
            arguments = [httpx.URL(server.url).port, httpx.URL(keystone.url).port, "alices", "default-domain", token, STRANGERS]
            run = subprocess.run(
                [CLIENT, Path(__file__).with_name("vnc_callers.py"), "127.0.0.1", *map(str, arguments)],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
    assert run.returncode == 0, run.stderr
    observed: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return observed


def prepare(url: str, people: People) -> None:
    """A project for alice, and a rule that lets members ask everything."""
    with httpx.Client(base_url=url, headers={"X-Auth-Token": people.token("root", "admin")}, trust_env=False) as admin:
        project = {"fq_name": ["default-domain", "alices"], "parent_type": "domain", "uuid": ALICES}
        for path, body in (
            ("/projects", {"project": project}),
            ("/api-access-lists", access_list([GLOBAL, "members"], "global-system-config", rule("*", "member", "CRUD"))),
        ):
            assert admin.post(path, json=body).status_code == 200


def test_a_login_at_keystone_is_the_callers_identity(seen: dict[str, Any]) -> None:
    assert seen["who am I"] == [False, False]
    assert seen["owner"] == ALICES.replace("-", "")
    assert seen["alice may"] == "RWX"


def test_another_tenant_sees_nothing_until_it_is_shared(seen: dict[str, Any]) -> None:
    assert (seen["stranger reads before"], seen["stranger lists before"]) == ("PermissionDenied", False)
    assert (seen["stranger reads"], seen["stranger lists"], seen["stranger may"]) == (True, True, "RX")


def test_a_share_to_read_is_none_to_write(seen: dict[str, Any]) -> None:
    assert (seen["stranger updates"], seen["stranger deletes"]) == ("PermissionDenied", "PermissionDenied")


def test_a_token_that_is_nobodys_is_an_authentication_failure(seen: dict[str, Any]) -> None:
    assert seen["nobody reads"] == "AuthFailed"


def test_what_is_given_away_is_the_others(seen: dict[str, Any]) -> None:
    assert seen["alice gives it away"] == [True, "PermissionDenied"]
    assert seen["stranger deletes its own"] == ""
