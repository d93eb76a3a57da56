"""What a text can mean."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_server.ipam.sought import read_sought

UUID = "0123abcd-4567-89ab-cdef-0123456789ab"


@pytest.mark.parametrize("text", ["10.0.0.5", " 10.0.0.5 ", "2001:DB8::5"])
def test_an_address_is_read_in_any_spelling(text: str) -> None:
    assert read_sought(text).address == ip_address(text.strip())


@pytest.mark.parametrize(
    ("text", "cidr"), [("10.0.0.7/24", "10.0.0.0/24"), ("2001:db8::/32", "2001:db8::/32"), ("10.0.0.0/0", "0.0.0.0/0")]
)
def test_a_prefix_is_read_and_its_host_bits_are_cleared(text: str, cidr: str) -> None:
    assert read_sought(text).cidr == ip_network(cidr)


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.0/255.0.0.0", "10.0/16", "/24", "blue/24", "10.0.0.0/", "10.0.0.5"])
def test_what_is_no_prefix_is_none(text: str) -> None:
    assert read_sought(text).cidr is None


@pytest.mark.parametrize("text", ["02:AA:bb:cc:dd:ee", "02-aa-bb-cc-dd-ee", "02aa.bbcc.ddee"])
def test_a_mac_address_is_read_in_any_spelling(text: str) -> None:
    assert read_sought(text).mac == "02:aa:bb:cc:dd:ee"


@pytest.mark.parametrize("text", ["02:aa:bb:cc:dd", "02:aa-bb:cc:dd:ee", "02aabbccddee", "0g:aa:bb:cc:dd:ee"])
def test_what_is_no_mac_address_is_none(text: str) -> None:
    assert read_sought(text).mac is None


@pytest.mark.parametrize("length", [4, 8, 9, 13, 14, 20, 24, 30, 35, 36])
def test_the_beginning_of_a_uuid_is_a_range_that_holds_it(length: int) -> None:
    wanted = read_sought(UUID[:length].upper()).uuids

    assert wanted is not None
    assert wanted[0] <= UUID.replace("-", "") <= wanted[1]


def test_a_whole_uuid_is_a_range_of_one() -> None:
    assert read_sought(UUID).uuids == read_sought(UUID.replace("-", "")).uuids == (UUID.replace("-", ""),) * 2


@pytest.mark.parametrize("text", ["abc", "0123-4567", "network", UUID + "0", "----", "0123abcd-4567-89abc"])
def test_few_digits_or_dashes_elsewhere_are_no_uuid(text: str) -> None:
    assert read_sought(text).uuids is None


def test_letters_are_folded_as_the_index_folds_them() -> None:
    assert read_sought("ÄB:Ä").text == "Äb:Ä"


@given(st.text(min_size=1))
def test_every_text_means_something_or_a_name(text: str) -> None:
    sought = read_sought(text)

    assert sum(meaning is not None for meaning in (sought.address, sought.cidr)) <= 1
    assert all(sought.keys)
