"""What the permissions of an object give a caller (contract 5.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_server.errors import PermissionDenied, UnknownId
from api_server.model.caller import EVERYBODY, LINK, READ, WRITE, Caller, letters, plain
from api_server.model.resource import Perms

PROJECT, DOMAIN = "7e2c5c0e-7a43-4bd8-8d2c-0d6b1f2f8a11", "0b6f0f9a-5d8e-4a53-9f5e-1c8a7f0f2b22"
ALICE = Caller("alice", frozenset({"member"}), plain(PROJECT), plain(DOMAIN))


@pytest.mark.parametrize("owner", [PROJECT, plain(PROJECT)])
def test_the_owner_has_the_owners_bits_however_its_id_is_written(owner: str) -> None:
    assert ALICE.bits(Perms(owner, owner_access=6)) == READ | WRITE


@pytest.mark.parametrize("tenant", [PROJECT, plain(PROJECT), f"tenant:{PROJECT}", f"domain:{DOMAIN}", f"domain:{plain(DOMAIN)}"])
def test_a_share_of_the_project_or_the_domain_gives_its_bits(tenant: str) -> None:
    assert ALICE.bits(Perms("somebody", share=[{"tenant": tenant, "tenant_access": 5}])) == READ | LINK


@pytest.mark.parametrize("tenant", [DOMAIN, f"domain:{PROJECT}", f"tenant:{DOMAIN}", "", "tenant:", "domain:"])
def test_a_share_of_anything_else_gives_nothing(tenant: str) -> None:
    assert ALICE.bits(Perms("somebody", share=[{"tenant": tenant, "tenant_access": 7}])) == 0


def test_what_everybody_may_is_added() -> None:
    assert ALICE.bits(Perms("somebody", global_access=5)) == READ | LINK


bits = st.integers(0, 7)


@given(owner=bits, everybody=bits, project=bits, domain=bits)
def test_the_bits_of_owner_shares_and_everybody_come_together(owner: int, everybody: int, project: int, domain: int) -> None:
    share = [{"tenant": PROJECT, "tenant_access": project}, {"tenant": f"domain:{DOMAIN}", "tenant_access": domain}]

    assert ALICE.bits(Perms(PROJECT, owner, everybody, share)) == owner | everybody | project | domain


def test_who_has_no_project_owns_nothing() -> None:
    nobody = Caller("nobody")

    assert nobody.bits(Perms("", share=[{"tenant": "", "tenant_access": 7}, {"tenant": "domain:", "tenant_access": 7}])) == 0
    assert nobody.owner == "cloud-admin"


def test_the_administrator_has_all_bits() -> None:
    assert EVERYBODY.bits(Perms("somebody", 0)) == 7


def test_who_reads_all_reads_and_no_more() -> None:
    assert Caller("auditor", reads_all=True).bits(Perms("somebody")) == READ


def test_odd_shares_give_nothing() -> None:
    assert ALICE.bits(Perms("somebody", share=[{}, {"tenant": PROJECT}, {"tenant": None, "tenant_access": 7}])) == 0


def test_a_missing_bit_is_named() -> None:
    with pytest.raises(PermissionDenied, match="WX on the virtual-network u1"):
        ALICE.require(READ | WRITE | LINK, "virtual-network", "u1", Perms("somebody", global_access=4))


def test_what_is_hidden_is_not_there() -> None:
    with pytest.raises(UnknownId):
        ALICE.require(READ, "tag-type", "u1", Perms(PROJECT), visible=False)
    EVERYBODY.require(READ, "tag-type", "u1", Perms(PROJECT), visible=False)


@pytest.mark.parametrize(
    "perms", [Perms("somebody", global_access=7), Perms("somebody", share=[{"tenant": PROJECT, "tenant_access": 7}]), Perms(PROJECT, 5)]
)
def test_only_an_owner_who_may_write_deletes(perms: Perms) -> None:
    with pytest.raises(PermissionDenied):
        ALICE.require_to_delete("virtual-network", "u1", perms)
    ALICE.require_to_delete("virtual-network", "u1", Perms(PROJECT, 2))


def test_bits_are_written_as_letters() -> None:
    assert [letters(each) for each in (7, 5, 2, 0)] == ["RWX", "RX", "W", ""]
