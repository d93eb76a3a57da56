"""Options become settings; what cannot be is refused by name and value."""

from dataclasses import fields
from typing import Any

import pytest
from typer.main import get_command

from api_server.settings import Settings as ServerSettings
from kube_sync.commands import kube_sync
from kube_sync.options import PANELS, Options
from kube_sync.settings import SettingError, Settings


def test_settings_that_can_be_are_kept() -> None:
    kept = Options(cluster_name="prod-1", pod_subnet=["10.32.0.0/12", "fd00::/64"], workers=4).settings()

    assert (kept.cluster_name, kept.workers) == ("prod-1", 4)
    assert [str(subnet) for subnet in kept.rules.pod_subnets] == ["10.32.0.0/12", "fd00::/64"]


@pytest.mark.parametrize(("said", "domain"), [("all", "default-domain"), ("other:all", "other")])
def test_a_project_for_all_namespaces_is_in_the_usual_domain_unless_it_names_another(said: str, domain: str) -> None:
    assert Options(cluster_project=said).settings().names.project("team") == (domain, "all")


def test_who_says_nothing_gets_the_settings_that_stand_in_the_class() -> None:
    assert Options().settings() == Settings()


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
        Options(cluster_name=name, pod_subnet=subnets).settings()

    assert told in str(why.value)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"service_subnet": ["10.96.0.1/12"]}, "--service-subnet '10.96.0.1/12'"),
        ({"ip_fabric_subnet": ["10.64.0.0/12", "10.65.0.0/16"]}, "--ip-fabric-subnet '10.65.0.0/16': overlaps 10.64.0.0/12"),
        ({"nad_shared_namespace": ["infra", "Not_One"]}, "--nad-shared-namespace 'Not_One'"),
        ({"cluster_project": "a:b:c"}, "--cluster-project 'a:b:c'"),
        ({"cluster_project": "domain:"}, "--cluster-project 'domain:'"),
        ({"cluster_project": ""}, "--cluster-project ''"),
        ({"vn_name_template": "{cluster}-pods"}, "--vn-name-template '{cluster}-pods': needs {nad}"),
        ({"vn_name_template": "{pod}-{nad}"}, "has {pod}"),
        ({"vn_name_template": "{}-{nad}"}, "has {}"),
        ({"vn_name_template": "{nad"}, "--vn-name-template '{nad'"),
        ({"vn_name_template": "{nad:>9}"}, "may have letters"),
        ({"vn_name_template": "{nad!r}"}, "may have letters"),
        ({"vn_name_template": "net:{nad}"}, "may have letters"),
    ],
)
def test_a_switch_that_cannot_be_so_is_named(said: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingError) as why:
        Options(**said).settings()

    assert told in str(why.value)


def test_every_option_has_help_a_heading_and_an_environment_variable_that_the_server_does_not_read() -> None:
    names = {each.name for each in fields(Options)}
    told: list[Any] = [each for each in get_command(kube_sync).params if each.name in names]
    read_by_the_server = {f"NETWEAVE_{name.upper()}" for name in ServerSettings.model_fields}

    assert len(told) == len(names)
    assert [each.name for each in told if not each.help or each.rich_help_panel not in PANELS] == []
    assert [each.name for each in told if not each.envvar.startswith("NETWEAVE_") or each.envvar in read_by_the_server] == []
