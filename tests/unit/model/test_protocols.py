"""IP protocols by name and number (contract 3.4 security-group, firewall family)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_server.model.protocols import protocol_number, with_protocol_number


@pytest.mark.parametrize(
    ("said", "number"),
    [("any", 0), ("tcp", 6), ("TCP", 6), ("udp", 17), ("icmp", 1), ("icmp6", 58), ("ipv6-icmp", 58), ("sctp", 132), ("6", 6), (255, 255)],
)
def test_a_protocol_is_told_by_name_or_number(said: object, number: int) -> None:
    assert protocol_number(said) == number


@pytest.mark.parametrize("said", ["", "tcpp", "256", "-1", "6.0", "٣", "1" * 5000, None, True, 1.5, [], {}])
def test_anything_else_is_none(said: object) -> None:
    assert protocol_number(said) is None


@given(st.integers(0, 255))
def test_every_number_of_a_byte_is_a_protocol(number: int) -> None:
    assert protocol_number(number) == protocol_number(str(number)) == number


def test_a_service_without_protocol_stays_as_it_is() -> None:
    assert with_protocol_number({"dst_ports": None}, "service") == ({"dst_ports": None}, [])


def test_a_wrong_protocol_is_told_with_its_place() -> None:
    _, problems = with_protocol_number({"protocol": "tpc"}, "service")

    assert problems[0].startswith("service.protocol: 'tpc' is no protocol")
