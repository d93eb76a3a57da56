"""Tags and types that a server without numbers for them stored (contract 3.4 tag): a start of this one numbers them."""

import httpx

from tests.released import execute, rows
from tests.served import run, served

FILL = """
DELETE FROM number WHERE pool LIKE 'tag%';
INSERT INTO resource
  (uuid, kind, fq_name, name_digest, properties, owner, owner_access, global_access, share, enable, user_visible, permissions, created)
SELECT uuid::uuid, kind, ARRAY[name], sha256(name::bytea), properties::jsonb, 'o', 7, 0, '[]', true, true, '{}',
       '2099-01-01'::timestamptz + place * interval '1 second'
FROM (VALUES
  (1, '00000000-0000-4000-8000-000000000001', 'tag-type', 'shown', '{"tag_type_id": "0x0009"}'),
  (2, '00000000-0000-4000-8000-000000000002', 'tag-type', 'twin', '{"tag_type_id": "0x0009"}'),
  (3, '00000000-0000-4000-8000-000000000003', 'tag-type', 'bare', '{"tag_type_id": "banana"}'),
  (4, '00000000-0000-4000-8000-000000000004', 'tag', 'shown=a', '{"tag_type_name": "shown", "tag_value": "a"}'),
  (5, '00000000-0000-4000-8000-000000000005', 'tag', 'new=a', '{"tag_type_name": "New", "tag_value": "a", "tag_id": "banana"}'),
  (6, '00000000-0000-4000-8000-000000000006', 'tag', 'nameless', '{}')
) AS rows (place, uuid, kind, name, properties);
"""
IDS = """
SELECT fq_name[1], coalesce(properties ->> 'tag_type_id', properties ->> 'tag_id') FROM resource
WHERE kind IN ('tag', 'tag-type') ORDER BY created, fq_name
"""


def test_a_start_numbers_what_had_no_number(dsn: str) -> None:
    run(execute(dsn, FILL))

    with served(DATABASE_URL=dsn) as server:
        made = httpx.post(
            f"{server.url}/tags", json={"tag": {"fq_name": ["x"], "tag_type_name": "shown", "tag_value": "b"}}, timeout=30, trust_env=False
        )

    assert made.status_code == 200, made.text
    found = dict(rows(dsn, IDS))
    assert [found[name] for name in ("label", "application", "neutron_tag")] == ["0x0000", "0x0001", "0x0006"]
    assert [found[name] for name in ("shown", "twin", "bare", "new")] == ["0x0009", "0x0007", "0x0008", "0x000a"]
    assert [found[name] for name in ("shown=a", "shown=b", "new=a", "nameless")] == ["0x00090001", "0x00090002", "0x000a0001", None]


def test_a_second_start_changes_nothing(dsn: str) -> None:
    before = rows(dsn, "SELECT count(*), max(revision) FROM change")

    with served(DATABASE_URL=dsn):
        pass

    assert rows(dsn, "SELECT count(*), max(revision) FROM change") == before
