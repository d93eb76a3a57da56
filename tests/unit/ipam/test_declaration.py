"""Declarations of subnets: read, completed and refused without a database (contract 4.2)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_server.ipam.declaration import Declaration, read_declaration

SCALARS = st.none() | st.booleans() | st.integers(-5, 300) | st.sampled_from(["", "ten", "10.1.1.9", "::1", "10.1.1.0"])


def document(cidr: str = "10.1.1.0/24", **fields: Any) -> dict[str, Any]:
    prefix, length = cidr.split("/")
    return {"subnet": {"ip_prefix": prefix, "ip_prefix_len": int(length)}, **fields}


def read(given_document: dict[str, Any]) -> Declaration:
    declaration, problems = read_declaration(given_document, "here")
    assert declaration, problems
    return declaration


@pytest.mark.parametrize(
    ("fields", "gateway", "service"),
    [
        ({}, "10.1.1.254", "10.1.1.253"),
        ({"addr_from_start": True}, "10.1.1.1", "10.1.1.2"),
        ({"default_gateway": "", "dns_server_address": None}, "10.1.1.254", "10.1.1.253"),
        ({"default_gateway": "0.0.0.0", "dns_server_address": "0.0.0.0"}, "None", "None"),
        ({"default_gateway": "10.1.1.7", "dns_server_address": "192.0.2.1"}, "10.1.1.7", "192.0.2.1"),
    ],
    ids=["default", "from the start", "empty", "none", "given"],
)
def test_gateway_and_service_address_are_those_of_contract_4_2(fields: dict[str, Any], gateway: str, service: str) -> None:
    one = read(document(**fields)).subnet("s", position=0)

    assert (str(one.gateway), str(one.service_address)) == (gateway, service)


def test_what_is_stored_keeps_what_was_given_and_fills_in_the_rest() -> None:
    declaration = read(document("10.1.1.7/24", enable_dhcp=True, default_gateway=None, subnet_name="n"))
    one = declaration.subnet("s", position=0)

    assert declaration.completed(one) == {
        "subnet": {"ip_prefix": "10.1.1.0", "ip_prefix_len": 24},
        "enable_dhcp": True,
        "subnet_name": "n",
        "default_gateway": "10.1.1.254",
        "dns_server_address": "10.1.1.253",
        "subnet_uuid": one.uuid,
    }


def test_what_is_stored_reads_as_the_same_subnet() -> None:
    declaration = read(document(addr_from_start=True, alloc_unit=4, default_gateway="0.0.0.0"))
    one = declaration.subnet("s", position=3)

    assert read(declaration.completed(one)).subnet("s", position=3) == one


def test_a_subnet_that_names_no_gateway_may_go_without() -> None:
    declaration = read(document(addr_from_start=True))
    one = declaration.subnet("s", position=0, bare=True)

    assert (one.gateway, one.service_address) == (None, None)
    assert not {"default_gateway", "dns_server_address"} & declaration.completed(one, bare=True).keys()


def test_every_fault_is_told_with_its_path() -> None:
    faulty = document(subnet_uuid="7", default_gateway="10.9.9.9", dns_server_address="x", alloc_unit=3, allocation_pools=[{"start": "y"}])

    _, problems = read_declaration(faulty, "here")

    assert [problem.split(":")[0] for problem in problems] == [
        "here.subnet_uuid",
        "here.default_gateway",
        "here.dns_server_address",
        "here.alloc_unit",
        "here.allocation_pools[0]",
    ]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "subnet": SCALARS | st.fixed_dictionaries({}, optional={"ip_prefix": SCALARS, "ip_prefix_len": SCALARS}),
            "default_gateway": SCALARS,
            "dns_server_address": SCALARS,
            "subnet_uuid": SCALARS,
            "alloc_unit": SCALARS,
            "allocation_pools": SCALARS | st.lists(SCALARS | st.dictionaries(st.sampled_from(["start", "end"]), SCALARS)),
        },
    )
)
def test_any_document_is_read_or_refused_and_never_fails(anything: dict[str, Any]) -> None:
    declaration, problems = read_declaration(anything, "here")

    assert (declaration is None) == bool(problems)
    assert declaration is None or declaration.subnet("s", position=0).ranges is not None
