"""The model of load: what grows with what, and what a run says of it."""

from typing import Any

import pytest

from tests.bench.load_model import MEASURED, Use, checks, load_of, points


def figure(value: float, server: float, postgres: float, load: float = 0.1) -> dict[str, Any]:
    shares = {"server": server, "PostgreSQL": postgres, "load": load}
    return {"value": value, "cpu": {who: {"used": used, "wanted": used} for who, used in shares.items()}}


def run(**groups: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    sections = {
        group: [{"measures": [{"name": name, "rounds": {"figures": figures}} for name, figures in measures.items()]}]
        for group, measures in groups.items()
    }
    return {"groups": sections}


def test_ten_times_the_interfaces_are_ten_times_the_load() -> None:
    few, many = load_of(1_000, MEASURED), load_of(10_000, MEASURED)

    assert many.storm == pytest.approx(10 * few.storm)
    assert many.objects_gb == pytest.approx(10 * few.objects_gb)


def test_pods_that_live_longer_write_less_and_weigh_the_same() -> None:
    short, long = load_of(1_000, MEASURED, Use(life=3600)), load_of(1_000, MEASURED, Use(life=7200))

    assert short.steady == pytest.approx(2 * long.steady)
    assert short.changes_gb == pytest.approx(2 * long.changes_gb)
    assert short.objects_gb == long.objects_gb


def test_a_request_costs_what_was_used_in_the_middle_round() -> None:
    found = points(run(get={"GET one": [figure(100, 0.9, 0.9), figure(1000, 0.8, 0.4), figure(2000, 0.1, 0.1)]}))

    assert found["get: GET one"].cpu.server == pytest.approx(0.8)
    assert found["get: GET one"].cpu.postgres == pytest.approx(0.4)


def test_a_pair_is_expected_to_cost_what_its_parts_do() -> None:
    parts = {"create a port, 1.1 kB": [figure(1000, 0.5, 0.4)], "create an instance-ip": [figure(1000, 0.6, 0.5)]}
    pairs = {"1 client, 1 worker": [figure(100, 0.1, 0.1)], "32 clients, 1 worker": [figure(500, 1.0, 0.6, 0.1)]}
    cpu, rate = checks(points(run(create=parts, pair=pairs)), cores=2)

    assert [cpu.model, cpu.measured, cpu.error] == pytest.approx([2.0, 3.2, 2.0 / 3.2 - 1])
    assert [rate.model, rate.measured] == pytest.approx([2000 / 2.2, 500])


def test_a_run_without_the_parts_says_nothing_of_pairs() -> None:
    assert list(checks(points(run(pair={"32 clients, 1 worker": [figure(500, 1.0, 0.6)]})), cores=2)) == []
