"""What the parent process of a server loads."""

import json

from tests.unit.netweave.cli.command import python

LOADED = "import json, sys; import api_server.attempt, api_server.commands; print(json.dumps(sorted(sys.modules)))"


def test_the_parent_of_workers_starts_without_what_only_they_need() -> None:
    loaded = json.loads(python(LOADED).stdout)

    assert {"alembic", "fastapi", "httpx", "rich", "sqlalchemy", "structlog", "uvicorn", "yaml"}.isdisjoint(loaded)
