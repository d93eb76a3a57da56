"""Where a limit is found, and what is counted (contract 3.4 project)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_server.model.catalog import load
from api_server.model.quota import Limits, UnknownQuota

CATALOG = load()
NAMES = sorted(Limits(CATALOG, {}, count_instance_ips=True).counted)
limits = st.integers(-5, 100)


@given(st.sampled_from(NAMES), st.none() | limits, st.none() | limits, st.none() | limits, limits)
def test_the_project_goes_first_then_the_setting_of_the_type_then_the_setting_for_all(
    name: str, own: int | None, configured: int | None, defaults: int | None, inside: int
) -> None:
    said = {key: value for key, value in ((name, configured), ("defaults", defaults)) if value is not None}
    found = Limits(CATALOG, said, count_instance_ips=True).of(name, {name: own, "defaults": inside})

    assert found == next((value for value in (own, configured, defaults) if value is not None), -1)


@pytest.mark.parametrize("quota", [None, "", [], {}, {"virtual_network": ""}, {"virtual_network": False}])
def test_a_quota_that_says_nothing_leaves_it_to_the_settings(quota: Any) -> None:
    assert Limits(CATALOG, {"virtual_network": 7}, count_instance_ips=False).of("virtual_network", quota) == 7


def test_exactly_what_the_type_names_is_counted_and_instance_ips_only_if_asked_for() -> None:
    named = CATALOG.structures["QuotaType"].keys() - {"defaults"}

    assert Limits(CATALOG, {}, count_instance_ips=True).counted == named
    assert Limits(CATALOG, {}, count_instance_ips=False).counted == named - {"instance_ip"}


def test_settings_are_spelt_in_any_case_of_letters() -> None:
    found = Limits(CATALOG, {"virtual_dns": 3, "DEFAULTS": 5}, count_instance_ips=False)

    assert [found.of(name, None) for name in ("virtual_DNS", "subnet")] == [3, 5]


def test_a_setting_that_limits_nothing_is_refused_by_its_name() -> None:
    with pytest.raises(UnknownQuota, match="NETWEAVE_QUOTA_virtual_machine limits nothing"):
        Limits(CATALOG, {"virtual_machine": 3}, count_instance_ips=False)
