"""Settings that cannot be are refused by name and value."""

import pytest

from kube_sync.settings import SettingError, settings


def test_settings_that_can_be_are_kept() -> None:
    kept = settings("prod-1", ["10.32.0.0/12", "fd00::/64"], 4, allow_mass_delete=False)

    assert (kept.cluster_name, [str(subnet) for subnet in kept.pod_subnets], kept.workers) == ("prod-1", ["10.32.0.0/12", "fd00::/64"], 4)


@pytest.mark.parametrize(
    ("name", "subnets", "told"),
    [
        ("K8S", ["10.32.0.0/12"], "--cluster-name 'K8S'"),
        ("a__b", ["10.32.0.0/12"], "--cluster-name 'a__b'"),
        ("", ["10.32.0.0/12"], "--cluster-name ''"),
        ("k8s", ["10.32.0.1/12"], "--pod-subnet '10.32.0.1/12'"),
        ("k8s", ["ten"], "--pod-subnet 'ten'"),
        ("k8s", ["10.32.0.0/12", "10.33.0.0/16"], "--pod-subnet '10.33.0.0/16': overlaps 10.32.0.0/12"),
    ],
)
def test_settings_that_cannot_be_are_named(name: str, subnets: list[str], told: str) -> None:
    with pytest.raises(SettingError) as why:
        settings(name, subnets, 4, allow_mass_delete=False)

    assert told in str(why.value)
