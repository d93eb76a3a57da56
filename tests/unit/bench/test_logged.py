"""A script for pgbench out of PostgreSQL's log."""

from hashlib import sha256

from tests.bench.logged import replay

UUID, NAME = "11111111-2222-3333-4444-555555555555", "replayed-1"
DIGEST = sha256(NAME.encode()).hexdigest()
LOG = f"""2026-11-24 18:00:00.000 UTC [7] LOG:  statement: BEGIN;
2026-11-24 18:00:00.001 UTC [7] LOG:  execute __asyncpg_stmt_3__: INSERT INTO resource
\tSELECT $2::text, $3::text, $1::jsonb
2026-11-24 18:00:00.001 UTC [7] DETAIL:  Parameters: $1 = '{{"uuid": "{UUID}", "digest": "{DIGEST}"}}', $2 = 'it''s', $3 = NULL
2026-11-24 18:00:00.002 UTC [7] LOG:  statement: COMMIT;
"""


def test_statements_are_sent_again_in_their_order_with_their_parameters() -> None:
    found = replay(LOG, UUID, NAME)

    number, begin, *insert, commit = found.script.split("\n")
    assert (number, begin, commit) == ("\\set number :number + 1", "BEGIN;", "COMMIT;")
    assert insert[1].startswith("\tSELECT :p3::text, NULL::text, (replace(")
    assert found.given["p3"] == "it's"


def test_what_is_the_objects_own_is_made_anew() -> None:
    found = replay(LOG, UUID, NAME)

    assert f"replace(replace(cast(:p2 as text), '{UUID}', " in found.script
    assert "sha256(convert_to(" in found.script
