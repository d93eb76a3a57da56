"""What a search finds in a database that release 0.1.0 filled."""

from collections.abc import Iterator

import pytest
from alembic import command

from tests.released import config, filled_by, rows
from tests.served import Postgres

BEFORE, THIS = "d3a4b1c8e5f6", "e4b5c2d9f607"
FILL = """
INSERT INTO resource
  (uuid, kind, fq_name, name_digest, properties, owner, owner_access, global_access, share, enable, user_visible, permissions)
SELECT uuid::uuid, kind, ARRAY['a', name], name::bytea, properties::jsonb, 'o', 7, 0, '[]', true, true, '{}'
FROM (VALUES
  ('00000000-0000-4000-8000-000000000001', 'virtual-machine-interface', 'Port',
   '{"virtual_machine_interface_mac_addresses": {"mac_address": ["02:AA:00:00:00:01", null]}}'),
  ('00000000-0000-4000-8000-000000000002', 'instance-ip', 'ÄB', '{"instance_ip_address": "10.0.0.1"}'),
  ('00000000-0000-4000-8000-000000000003', 'floating-ip', 'odd',
   '{"floating_ip_address": "", "virtual_machine_interface_mac_addresses": ""}')
) AS rows (uuid, kind, name, properties);
"""
FOUND = "SELECT name, found_by::text FROM resource ORDER BY uuid"


@pytest.fixture
def filled(postgres: Postgres) -> Iterator[str]:
    with filled_by(postgres, FILL) as url:
        yield url


def test_what_is_there_is_found_and_the_way_back_loses_nothing(filled: str) -> None:
    command.upgrade(config(filled), THIS)
    found = rows(filled, FOUND)
    command.downgrade(config(filled), BEFORE)
    left = rows(filled, "SELECT count(*) FROM resource")
    command.upgrade(config(filled), THIS)

    assert found == rows(filled, FOUND) == [("port", '["02:aa:00:00:00:01", null]'), ("Äb", '"10.0.0.1"'), ("odd", '""')]
    assert left == [(3,)]
