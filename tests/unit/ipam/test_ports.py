"""MAC addresses that a port's uuid yields (contract 3.4, 4.8)."""

from hypothesis import given
from hypothesis import strategies as st

from api_server.ipam.ports import derived_macs


def test_the_first_is_made_of_the_first_ten_digits() -> None:
    assert derived_macs("a1b2c3d4-e5f6-4000-8000-000000000000")[0] == "02:a1:b2:c3:d4:e5"


@given(st.uuids())
def test_all_are_local_unicast_addresses(uuid: object) -> None:
    assert all(mac.startswith("02:") and len(mac) == 17 for mac in derived_macs(str(uuid)))


def test_uuids_that_differ_at_the_end_differ_in_the_second() -> None:
    one, two = (derived_macs(f"00000000-0000-4000-8000-00000000000{number}") for number in (1, 2))

    assert one[0] == two[0]
    assert one[1] != two[1]
