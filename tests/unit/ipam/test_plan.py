"""Plans: what a document of subnets changes (contract 4.6)."""

from typing import Any

from api_server.ipam.declaration import Declaration, read_declaration
from api_server.ipam.plan import Plan, complete, plan
from api_server.ipam.subnet import Subnet


def declared(*entries: str | dict[str, Any]) -> list[Declaration]:
    """Declarations of prefixes, or of documents with a `cidr` among their fields."""
    found = []
    for index, entry in enumerate(entries):
        fields = dict(entry) if isinstance(entry, dict) else {"cidr": entry}
        prefix, length = fields.pop("cidr").split("/")
        declaration, problems = read_declaration({"subnet": {"ip_prefix": prefix, "ip_prefix_len": int(length)}, **fields}, f"s[{index}]")
        assert declaration, problems
        found.append(declaration)
    return found


def made(*entries: str | dict[str, Any]) -> list[Subnet]:
    return plan("space", [], declared(*entries)).wanted


def cidrs(planned: Plan) -> tuple[list[str], list[str], list[str]]:
    """Prefixes that are new, kept, gone."""
    return [str(one.cidr) for one in planned.new], [str(one.cidr) for one, _ in planned.kept], [str(one.cidr) for one in planned.gone]


def test_subnets_are_told_apart_by_prefix() -> None:
    planned = plan("space", made("10.1.0.0/24", "10.2.0.0/24"), declared("10.2.0.0/24", "10.3.0.0/24"))

    assert cidrs(planned) == (["10.3.0.0/24"], ["10.2.0.0/24"], ["10.1.0.0/24"])
    assert [str(one.cidr) for one in planned.wanted] == ["10.2.0.0/24", "10.3.0.0/24"]


def test_the_same_document_again_changes_nothing() -> None:
    known = made("10.1.0.0/24", {"cidr": "10.2.0.0/24", "addr_from_start": True, "alloc_unit": 4})

    planned = plan("space", known, declared("10.1.0.0/24", "10.2.0.0/24"))

    assert [(old, old.position) for old, _ in planned.kept] == [(new, new.position) for _, new in planned.kept]
    assert not planned.problems
    assert complete(declared("10.1.0.0/24", "10.2.0.0/24"), planned)[1]["addr_from_start"] is True


def test_a_kept_subnet_shows_the_gateway_that_it_has() -> None:
    wanted = declared({"cidr": "10.1.0.0/24", "default_gateway": "10.1.0.254"})

    planned = plan("space", made({"cidr": "10.1.0.0/24", "default_gateway": "0.0.0.0"}), wanted)

    assert not planned.problems
    assert complete(wanted, planned)[0]["default_gateway"] == "0.0.0.0"


def test_all_that_may_not_change_is_told_at_once() -> None:
    pool = {"start": "10.1.0.9", "end": "10.1.0.10"}
    known = made({"cidr": "10.1.0.0/24", "allocation_pools": [pool]})

    planned = plan(
        "space", known, declared({"cidr": "10.1.0.0/24", "default_gateway": "10.1.0.1", "addr_from_start": True, "alloc_unit": 2})
    )

    assert [problem.split(":")[0] for problem in planned.problems] == [
        "s[0].default_gateway",
        "s[0].addr_from_start",
        "s[0].alloc_unit",
        "s[0].allocation_pools",
    ]


def test_a_service_address_moves_only_when_one_is_named() -> None:
    known = made({"cidr": "10.1.0.0/24", "dns_server_address": "10.1.0.9"})

    ((_, unnamed),) = plan("space", known, declared("10.1.0.0/24")).kept
    ((_, named),) = plan("space", known, declared({"cidr": "10.1.0.0/24", "dns_server_address": "0.0.0.0"})).kept

    assert (str(unnamed.service_address), named.service_address) == ("10.1.0.9", None)
