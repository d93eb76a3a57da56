"""What becomes of the numbers of a database that release 0.1.0 filled."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from alembic import command

from tests.released import config, execute, filled_by, rows
from tests.served import Postgres, run

BEFORE, THIS = "c2f1a0b7d3e4", "d3a4b1c8e5f6"


@pytest.fixture
def filled(postgres: Postgres) -> Iterator[str]:
    """A database as the release left it: networks with numbers, security groups whose numbers nobody looked after."""
    with filled_by(postgres, FILL) as url:
        yield url


FILL = """
INSERT INTO resource
  (uuid, kind, fq_name, name_digest, properties, owner, owner_access, global_access, share, enable, user_visible, permissions, created)
SELECT uuid::uuid, kind, ARRAY[name], name::bytea, properties::jsonb, 'o', 7, 0, '[]', true, true, '{}',
       '2026-01-01'::timestamptz + place * interval '1 second'
FROM (VALUES
  (1, '00000000-0000-4000-8000-000000000001', 'virtual-network', 'net', '{"virtual_network_network_id": 1}'),
  (2, '00000000-0000-4000-8000-000000000002', 'security-group', '__no_rule__', '{"security_group_id": 8000001}'),
  (3, '00000000-0000-4000-8000-000000000003', 'security-group', 'twin', '{"security_group_id": 8000001}'),
  (4, '00000000-0000-4000-8000-000000000004', 'security-group', 'bare', '{"security_group_id": "", "configured_security_group_id": ""}'),
  (5, '00000000-0000-4000-8000-000000000005', 'security-group', 'configured', '{"configured_security_group_id": 5}')
) AS rows (place, uuid, kind, name, properties);
INSERT INTO number_pool (pool, frontier) VALUES ('virtual-network-id', 64);
INSERT INTO number (pool, value, owner) VALUES ('virtual-network-id', 1, '00000000-0000-4000-8000-000000000001');
INSERT INTO free_number (pool, value) SELECT 'virtual-network-id', value FROM generate_series(2, 64) AS value;
"""


NUMBERS = "SELECT pool, value, right(owner::text, 1) FROM number ORDER BY pool, value"


def test_numbers_stay_and_security_groups_without_one_of_their_own_get_the_next(filled: str) -> None:
    command.upgrade(config(filled), THIS)

    assert rows(filled, NUMBERS) == [
        ("security-group-id", 8000001, "2"),
        ("security-group-id", 8000002, "3"),
        ("security-group-id", 8000003, "4"),
        ("virtual-network-id", 1, "1"),
    ]
    shown = "SELECT fq_name[1], properties -> 'security_group_id' FROM resource WHERE kind = 'security-group' ORDER BY created"
    assert rows(filled, shown) == [("__no_rule__", "8000001"), ("twin", "8000002"), ("bare", "8000003"), ("configured", None)]
    assert rows(filled, "SELECT pool, first, frontier FROM number_pool WHERE pool = 'virtual-network-id'") == [
        ("virtual-network-id", 1, 64)
    ]


def test_the_way_back_keeps_the_numbers_that_the_release_knew(filled: str) -> None:
    command.upgrade(config(filled), THIS)
    taken = f"INSERT INTO number (pool, value, holder) VALUES ('virtual-network-id', 7, '{uuid4()}')"
    run(execute(filled, f"DELETE FROM free_number WHERE value = 7; {taken}"))

    command.downgrade(config(filled), BEFORE)

    assert rows(filled, NUMBERS) == [("virtual-network-id", 1, "1")]
    assert rows(filled, "SELECT count(*) FROM free_number") == [(63,)]
    command.upgrade(config(filled), THIS)
