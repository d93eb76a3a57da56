"""docker-compose.yml says what it must, and every command in it is one that `netweave` knows."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packaging.tree import ROOT, must

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
COMMANDS = {name: service["command"] for name, service in SERVICES.items() if "command" in service}


def test_compose_runs_postgres_migration_api_and_worker() -> None:
    assert set(SERVICES) == {"postgres", "migrate", "api", "kube-sync"}


def test_compose_publishes_the_unauthenticated_api_on_loopback_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {"api": ["127.0.0.1:8082:8082"]}
    assert "--allow-no-auth" in COMMANDS["api"]


def test_compose_starts_each_service_after_what_it_needs_is_ready() -> None:
    waits = {name: service["depends_on"] for name, service in SERVICES.items() if "depends_on" in service}

    assert waits == {
        "migrate": {"postgres": {"condition": "service_healthy"}},
        "api": {"migrate": {"condition": "service_completed_successfully"}},
        "kube-sync": {"api": {"condition": "service_healthy"}},
    }
    assert {name for name, service in SERVICES.items() if "healthcheck" in service} == {"postgres", "api", "kube-sync"}


@pytest.mark.parametrize("service", COMMANDS, ids=str)
def test_compose_uses_options_that_the_command_has(service: str) -> None:
    command, *arguments = COMMANDS[service]
    options = {argument for argument in arguments if argument.startswith("--")}

    usage = must([Path(sys.executable).with_name("netweave"), command, "--help"], ROOT)

    assert options <= set(re.findall(r"--[a-z][a-z-]*", usage))


def test_image_copies_only_what_the_tree_has_and_the_build_context_sends() -> None:
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sources = {source for line in copies for source in line.split()}
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert sources
    assert {source for source in sources if not (ROOT / source).exists()} == set()
    assert {source for source in sources if source.split("/")[0] not in sent} == set()
