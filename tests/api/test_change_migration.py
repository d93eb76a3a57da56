"""What becomes of the changes of a database that release 0.1.0 filled."""

from collections.abc import Iterator

import pytest
from alembic import command

from tests.released import RELEASED, config, execute, filled_by, rows
from tests.served import Postgres, run

THIS = "c2f1a0b7d3e4"
FILL = """
INSERT INTO change (operation, kind, uuid, fq_name, actor, request_id, before, after, at)
SELECT 'UPDATE', 'tag', gen_random_uuid(), ARRAY['a', 'tag' || n], 'cloud-admin', 'req-' || n, NULL, '{"enable": true}',
       now() - n * interval '1 day'
FROM generate_series(1, 20) AS n;
"""
WRITE = (
    "INSERT INTO change (operation, kind, uuid, fq_name, actor, request_id) VALUES ('CREATE', 'tag', gen_random_uuid(), '{a}', 'me', 'new')"
)
TOLD = "SELECT revision, operation, fq_name[2], request_id, after::text FROM change ORDER BY revision"


@pytest.fixture
def filled(postgres: Postgres) -> Iterator[str]:
    """A database with changes of twenty days."""
    with filled_by(postgres, FILL) as url:
        yield url


def test_changes_stay_and_get_positions_in_their_order(filled: str) -> None:
    before = rows(filled, TOLD)
    command.upgrade(config(filled), THIS)

    assert rows(filled, TOLD) == before
    assert rows(filled, "SELECT position, revision FROM change_position ORDER BY position") == [(n, n) for n in range(1, 21)]
    assert rows(filled, "SELECT position, forgotten FROM numbering") == [(20, 0)]
    run(execute(filled, WRITE))
    assert rows(filled, "SELECT revision FROM change WHERE request_id = 'new'") == [(21,)]


def test_the_way_back_keeps_changes_and_positions_and_the_way_forth_finds_them(filled: str) -> None:
    command.upgrade(config(filled), THIS)
    run(execute(filled, WRITE))
    told = rows(filled, TOLD)
    command.downgrade(config(filled), RELEASED)
    assert rows(filled, TOLD) == told
    assert rows(filled, "SELECT count(position), max(position) FROM change") == [(20, 20)]
    run(execute(filled, WRITE))

    command.upgrade(config(filled), THIS)

    assert [row[:4] for row in rows(filled, TOLD)][:21] == [row[:4] for row in told]
    numbered = rows(filled, "SELECT position, revision FROM change_position ORDER BY position")
    assert numbered == [(n, n) for n in range(1, 23)]


def test_an_empty_stream_goes_to_and_fro(postgres: Postgres) -> None:
    url = postgres.make()
    command.upgrade(config(url), THIS)
    assert rows(url, "SELECT position, forgotten FROM numbering") == [(0, 0)]
    run(execute(url, WRITE))
    command.downgrade(config(url), RELEASED)
    run(execute(url, WRITE))
    command.upgrade(config(url), "head")

    assert rows(url, "SELECT count(*) FROM change_position") == [(2,)]
    postgres.drop(url)
