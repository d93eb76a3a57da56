"""What the embedded PostgreSQL runs with."""

from pathlib import Path

import pytest

from api_server.embedded import cluster


@pytest.mark.parametrize(
    ("limit", "expected"), [("max\n", 2048), ("1073741824\n", 256), ("9223372036854771712\n", 2048), ("1048576\n", 128)], ids=str
)
def test_a_quarter_of_what_a_container_may_use_is_for_pages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str, expected: int
) -> None:
    told = tmp_path / "memory.max"
    told.write_text(limit)
    monkeypatch.setattr(cluster, "LIMITS", (told, tmp_path / "absent"))
    monkeypatch.setattr(cluster, "MEMORY_OF_MACHINE", 64 << 30)

    assert cluster.settings(tmp_path)["shared_buffers"] == f"{expected}MB"
