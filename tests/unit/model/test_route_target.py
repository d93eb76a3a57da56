"""Route targets (contract 3.4 route-target)."""

import pytest

from api_server.model.route_target import RouteTarget


@pytest.mark.parametrize("text", ["target:64512:1", "target:10.0.0.1:0", "target:4294967295:4294967295"])
def test_a_route_target_reads_as_it_is_written(text: str) -> None:
    assert str(RouteTarget.read(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "target",
        "target:1",
        "target:1:2:3",
        "origin:1:2",
        "target:x:1",
        "target:1:-1",
        "target:1:٣",
        "target:10.0.0:1",
        "target:1:" + "9" * 5000,
        7,
        None,
    ],
)
def test_anything_else_is_none(text: object) -> None:
    assert RouteTarget.read(text) is None


@pytest.mark.parametrize(
    ("text", "asn", "automatic"),
    [
        ("target:64512:8000000", 64512, True),
        ("target:64512:7999999", 64512, False),
        ("target:64513:8000000", 64512, False),
        ("target:70000:8000", 70000, True),
        ("target:70000:7999", 70000, False),
    ],
)
def test_high_numbers_of_the_own_as_are_the_systems(text: str, asn: int, automatic: bool) -> None:
    target = RouteTarget.read(text)

    assert target is not None
    assert target.is_automatic(asn) is automatic
