"""Identities from Keystone v3, asked over HTTP (contract 5.2)."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from api_server.access.fault import AccessUnusable
from api_server.access.keystone import Keystone, Service
from api_server.access.providers import providers_of
from api_server.errors import Unavailable
from api_server.model.caller import Bearer
from api_server.settings import Settings
from tests.access.keystone import SERVICE, FakeKeystone, fake_keystone

PROJECT = "7e2c5c0e7a434bd88d2c0d6b1f2f8a11"


@pytest.fixture
def fake() -> Iterator[FakeKeystone]:
    with fake_keystone() as fake:
        yield fake


@pytest.fixture
async def keystone(fake: FakeKeystone) -> AsyncIterator[Keystone]:
    asked = Keystone(service_of(fake), keep=60)
    yield asked
    await asked.close()


def service_of(fake: FakeKeystone, *, password: str = SERVICE["password"]) -> Service:
    return Service(url=fake.url, user=SERVICE["name"], password=password, project="service")


async def test_a_token_is_its_users_with_roles_project_and_domain(fake: FakeKeystone, keystone: Keystone) -> None:
    token = fake.give("alice", roles=["member", "reader"], project=PROJECT, domain="d1")

    assert await keystone.bearer(token) == Bearer(user="alice", roles=("member", "reader"), project_id=PROJECT, domain_id="d1")


async def test_a_token_without_project_has_its_users_domain(fake: FakeKeystone, keystone: Keystone) -> None:
    assert await keystone.bearer(fake.give("bob", roles=[], domain="d2")) == Bearer(user="bob", domain_id="d2")


async def test_a_token_that_keystone_does_not_know_is_nobodys(keystone: Keystone) -> None:
    assert await keystone.bearer("made-up") is None


async def test_keystone_is_asked_once_for_a_token(fake: FakeKeystone, keystone: Keystone) -> None:
    token = fake.give("alice", roles=["member"])

    await asyncio.gather(*[keystone.bearer(token) for _ in range(20)])
    await keystone.bearer(token)

    assert fake.asked == [token]
    assert fake.logins == 1


async def test_an_answer_is_kept_no_longer_than_asked(fake: FakeKeystone) -> None:
    keystone = Keystone(service_of(fake), keep=0)
    token = fake.give("alice", roles=["member"])
    await keystone.bearer(token)

    del fake.tokens[token]

    assert await keystone.bearer(token) is None
    await keystone.close()


async def test_a_token_past_its_time_is_nobodys(fake: FakeKeystone, keystone: Keystone) -> None:
    assert await keystone.bearer(fake.give("alice", roles=["member"], lives=-1)) is None


async def test_what_is_remembered_is_bounded(fake: FakeKeystone, keystone: Keystone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api_server.access.keystone.REMEMBERED", 2)
    tokens = [fake.give("alice", roles=["member"]) for _ in range(3)]
    for token in [*tokens, tokens[2], tokens[0]]:
        await keystone.bearer(token)

    assert fake.asked == [*tokens, tokens[0]]


async def test_the_servers_own_token_is_renewed_when_it_ended(fake: FakeKeystone, keystone: Keystone) -> None:
    await keystone.bearer(fake.give("alice", roles=["member"]))
    fake.tokens.clear()
    token = fake.give("bob", roles=["member"])

    assert await keystone.bearer(token) == Bearer(user="bob", roles=("member",), domain_id="default")
    assert fake.logins == 2


@pytest.mark.parametrize("status", [403, 500, 503])
async def test_a_keystone_that_does_not_answer_makes_us_unavailable(fake: FakeKeystone, keystone: Keystone, status: int) -> None:
    fake.broken = status

    with pytest.raises(Unavailable, match="identity service"):
        await keystone.bearer("whatever")


async def test_a_keystone_that_is_away_makes_us_unavailable() -> None:
    keystone = Keystone(Service(url="http://127.0.0.1:9", user="u", password="p", project="s"), keep=60)

    with pytest.raises(Unavailable):
        await keystone.bearer("whatever")
    await keystone.close()


async def test_a_wrong_password_makes_us_unavailable_and_is_not_said(fake: FakeKeystone, capsys: pytest.CaptureFixture[str]) -> None:
    keystone = Keystone(service_of(fake, password="wrong-one"), keep=60)

    with pytest.raises(Unavailable) as refused:
        await keystone.bearer("whose-is-this")

    said = str(refused.value) + "".join(capsys.readouterr())
    assert "wrong-one" not in said
    assert "whose-is-this" not in said
    await keystone.close()


@pytest.mark.parametrize("url", ["http://keystone:5000", "http://keystone:5000/", "http://keystone:5000/v3", "http://keystone:5000/v3/"])
def test_the_address_may_end_in_v3(url: str) -> None:
    settings = Settings(keystone_url=url, keystone_user="u", keystone_password="p", keystone_project="s")

    assert Service.of(settings).url == "http://keystone:5000"


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "needs somebody to ask"),
        ({"keystone_url": "http://keystone:5000"}, "NETWEAVE_KEYSTONE_USER"),
        ({"keystone_url": "keystone:5000", "keystone_user": "u", "keystone_password": "p", "keystone_project": "s"}, "not of the form"),
    ],
)
def test_settings_that_name_nobody_to_ask_are_refused(given: dict[str, str], complaint: str) -> None:
    with pytest.raises(AccessUnusable, match=complaint):
        providers_of(Settings(aaa_mode="rbac", **given))  # type: ignore[arg-type]  # texts, all of them
