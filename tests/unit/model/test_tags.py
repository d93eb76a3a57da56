"""Names and ids of tags (contract 3.4 tag)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_server.model.tags import read_hex, tag_id_text, tag_name, type_id_text, type_of


def test_a_tag_is_called_by_its_type_in_lower_case_and_its_value() -> None:
    assert tag_name("Application", "Web") == "application=Web"


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_an_id_is_that_of_the_type_and_four_digits_more(type_id: int, value: int) -> None:
    text = tag_id_text(type_id_text(type_id), value)

    assert len(text) == len("0x00000000")
    assert read_hex(text) == type_id << 16 | value


def test_the_type_is_what_stands_before_the_first_sign() -> None:
    assert type_of("tier=a=b") == "tier"


@pytest.mark.parametrize("text", ["", "0x", "tag", "0x123456789", "-1", "0x1_0", " 1", None, 5, ["0x1"]])
def test_what_is_no_id_is_none(text: object) -> None:
    assert read_hex(text) is None
