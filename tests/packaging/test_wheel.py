"""The wheel works where the tree is not: three names, its data inside, `netweave demo` on an embedded database."""

import re
import subprocess
import zipfile
from pathlib import Path

from tests.packaging.tree import ROOT, run


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def data_files(folder: str) -> set[str]:
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {f"api_server/data/{path.relative_to(ROOT)}" for path in files}


def test_wheel_installs_exactly_three_top_level_names(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in names_in(wheel)}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"api_server", "netweave", "kube_sync"}


def test_wheel_carries_schemas_migrations_and_examples(wheel: Path) -> None:
    expected = data_files("schemas") | data_files("migrations") | data_files("examples")

    assert len(expected) > 126
    assert {name for name in names_in(wheel) if name.startswith("api_server/data/")} == expected


def test_wheel_carries_no_tests_and_no_compiled_files(wheel: Path) -> None:
    assert [name for name in names_in(wheel) if "tests/" in name or name.endswith(".pyc")] == []


def test_wheel_without_the_embedded_extra_says_what_to_install(refusal: subprocess.CompletedProcess[str]) -> None:
    assert refusal.returncode != 0
    assert len(refusal.stderr.strip().splitlines()) == 1, refusal.stderr
    assert "netweave[embedded]" in refusal.stderr


def test_wheel_runs_the_demo_outside_the_tree(embedded: Path, tmp_path: Path) -> None:
    command: list[str | Path] = [embedded / "bin" / "netweave", "demo", "--once", "--port", "0", "--data-dir", tmp_path / "database"]
    done = run(command, tmp_path, HOME=str(tmp_path), COLUMNS="200")
    interfaces = re.findall(r"default/(\S+) +│ (eth\d)", done.stdout)

    assert done.returncode == 0, done.stdout + done.stderr
    assert [name for pod, name in interfaces if pod == "multi-network-pod"] == ["eth0", "eth1", "eth2"]
    assert [name for pod, name in interfaces if pod == "ubuntu-pod-3"] == ["eth0", "eth1", "eth2", "eth3", "eth4"]
