"""What is a name of the DNS, and what a PTR record may be asked for (contract 3.4 virtual-DNS)."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_server.model.dns import LONGEST_TTL, is_dns_name, is_reverse_name, ttl_problem, version_of

LABELS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?", fullmatch=True)


@given(st.lists(LABELS, min_size=1, max_size=8), st.booleans())
def test_labels_with_dots_between_are_a_name_with_and_without_a_dot_at_the_end(labels: list[str], closed: bool) -> None:
    assert is_dns_name(".".join(labels) + ("." if closed else ""))


@given(
    st.lists(LABELS, max_size=3),
    st.sampled_from(["", "-a", "a-", "a_b", "a b", "ä", "*", "@", "a" * 64, "a\n"]),
    st.lists(LABELS, max_size=3),
)
def test_one_bad_label_spoils_the_name(before: list[str], bad: str, after: list[str]) -> None:
    # An empty label at the end is the dot that is allowed.
    assert not is_dns_name(".".join([*before, bad, *(after or ["a"])]))


@pytest.mark.parametrize("text", ["", ".", "..", "a" * 256, None, 7, [], ".".join(["a" * 63] * 5)])
def test_what_is_no_text_of_labels_is_no_name(text: object) -> None:
    assert not is_dns_name(text)


@given(st.ip_addresses())
def test_the_name_of_every_address_can_be_asked_for(address: IPv4Address | IPv6Address) -> None:
    assert is_reverse_name(address.reverse_pointer)
    assert is_reverse_name(str(address))
    assert version_of(str(address)) == address.version


@pytest.mark.parametrize("text", ["www.example.com", "in-addr.arpa.example.com", "fe80::1%eth0", "10.1.1", None, 7])
def test_other_names_cannot(text: object) -> None:
    assert not is_reverse_name(text)


@given(st.integers())
def test_a_lifetime_has_31_bits(seconds: int) -> None:
    assert bool(ttl_problem(seconds)) == (not 0 <= seconds <= LONGEST_TTL)
