"""What a search finds in a database that release 0.1.0 filled."""

from collections.abc import Iterator

import pytest
from alembic import command

from tests.released import config, filled_by, rows
from tests.served import Postgres

BEFORE, GENERATED, THIS = "d3a4b1c8e5f6", "e4b5c2d9f607", "f5c6d3e0a718"
FILL = """
INSERT INTO resource
  (uuid, kind, fq_name, name_digest, properties, owner, owner_access, global_access, share, enable, user_visible, permissions)
SELECT uuid::uuid, kind, ARRAY['a', name], name::bytea, properties::jsonb, 'o', 7, 0, '[]', true, true, '{}'
FROM (VALUES
  ('00000000-0000-4000-8000-000000000001', 'virtual-machine-interface', 'Port',
   '{"virtual_machine_interface_mac_addresses": {"mac_address": ["02:AA:00:00:00:01", null]}}'),
  ('00000000-0000-4000-8000-000000000002', 'instance-ip', 'ÄB', '{"instance_ip_address": "10.0.0.1"}'),
  ('00000000-0000-4000-8000-000000000003', 'floating-ip', 'odd',
   '{"floating_ip_address": "", "virtual_machine_interface_mac_addresses": ""}'),
  ('00000000-0000-4000-8000-000000000004', 'virtual-machine-interface', 'Two',
   '{"virtual_machine_interface_mac_addresses": {"mac_address": [null, "02:BB:00:00:00:01", "02:bb:00:00:00:02", ""]}}')
) AS rows (uuid, kind, name, properties);
"""
FOUND = "SELECT name, found_by::text FROM resource ORDER BY uuid"
GIVEN = "SELECT name, found_by, also_found_by FROM resource ORDER BY uuid"
INDEXES = "SELECT indexdef FROM pg_indexes WHERE tablename = 'resource' ORDER BY indexname"


@pytest.fixture
def filled(postgres: Postgres) -> Iterator[str]:
    with filled_by(postgres, FILL) as url:
        yield url


def test_what_is_there_is_found_and_the_way_back_loses_nothing(filled: str) -> None:
    command.upgrade(config(filled), GENERATED)
    generated, indexes = rows(filled, FOUND), rows(filled, INDEXES)
    command.upgrade(config(filled), THIS)
    given = rows(filled, GIVEN)
    command.downgrade(config(filled), GENERATED)
    again = rows(filled, FOUND), rows(filled, INDEXES)
    command.downgrade(config(filled), BEFORE)
    left = rows(filled, "SELECT count(*) FROM resource")
    command.upgrade(config(filled), THIS)

    assert (generated, indexes) == again
    assert generated[0] == ("port", '["02:aa:00:00:00:01", null]')
    assert given == rows(filled, GIVEN)
    assert given == [
        ("port", "02:aa:00:00:00:01", None),
        ("Äb", "10.0.0.1", None),
        ("odd", None, None),
        ("two", "02:bb:00:00:00:01", ["02:bb:00:00:00:02"]),
    ]
    assert left == [(4,)]
