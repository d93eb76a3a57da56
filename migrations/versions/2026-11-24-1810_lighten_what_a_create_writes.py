"""Lighten what a create writes: what a search looks at is given by the server, and is in one plain index. Number changes in one call."""

from alembic import op

revision = "f5c6d3e0a718"
down_revision = "e4b5c2d9f607"
branch_labels = None
depends_on = None

_FOUND_BY = """lower(coalesce(
    properties #> '{virtual_machine_interface_mac_addresses,mac_address}',
    properties -> 'instance_ip_address',
    properties -> 'floating_ip_address',
    properties -> 'alias_ip_address'
)::text COLLATE "C")::jsonb"""
_BEGINNING = """left(fq_name[1] || coalesce(':' || fq_name[2], '') || coalesce(':' || fq_name[3], '')
    || coalesce(':' || fq_name[4], '') || coalesce(':' || fq_name[5], ''), 500)"""
# A function, because each of its statements sees what is committed when it starts: who waited for the turn sees what its last holder did.
# Gives positions to all that is committed, if there is anything; then finds the next changes of some kinds past a position, as far as
# the caller's statement, whose snapshot is `sight`, sees them itself.
# No plan may depend on statistics: they know nothing of transaction ids and positions that came since.
_NUMBER_CHANGES = """
CREATE FUNCTION number_changes(
    sight pg_snapshot, past bigint, kinds text[],
    OUT settled bigint, OUT dropped bigint, OUT restored boolean, OUT upto bigint,
    OUT positions bigint[], OUT moments timestamptz[], OUT xids xid8[], OUT revisions bigint[], OUT latest boolean[]
)
LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    next xid8;
    running xid8[];
    has_turn boolean := false;
BEGIN
    LOOP
        SELECT position, forgotten, pg_snapshot_xmax(seen), ARRAY(SELECT pg_snapshot_xip(seen)),
               pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot())
        INTO STRICT settled, dropped, next, running, restored FROM numbering;
        -- What that snapshot did not see is past its end, or was running then: looked up so, an open transaction costs one look.
        EXIT WHEN restored OR NOT (EXISTS (SELECT FROM change WHERE xid >= next) OR EXISTS (SELECT FROM change WHERE xid = ANY (running)));
        IF has_turn THEN
            -- Each object's changes in the order of its row lock; and this statement's snapshot is what is seen from now on.
            WITH fresh AS (
                SELECT change.* FROM change WHERE xid >= next
                UNION ALL
                SELECT change.* FROM change WHERE xid = ANY (running)
            ),
            numbered AS (
                INSERT INTO change_position (position, at, xid, revision, kind, uuid, actor, request_id)
                SELECT settled + row_number() OVER (ORDER BY revision), at, xid, revision, kind, uuid, actor, request_id FROM fresh
                RETURNING position
            )
            UPDATE numbering SET seen = pg_current_snapshot(), position = position + (SELECT count(*) FROM numbered)
            RETURNING position INTO settled;
            EXIT;
        END IF;
        PERFORM pg_advisory_xact_lock(7954892287121649255);
        has_turn := true;
    END LOOP;
    WITH page AS MATERIALIZED (
        SELECT position, at, xid, revision, uuid FROM change_position WHERE position > past AND kind = ANY (kinds)
        ORDER BY position LIMIT 500
    ),
    told AS (
        SELECT coalesce(min(position) FILTER (WHERE NOT pg_visible_in_snapshot(xid, sight)) - 1,
                        CASE count(*) WHEN 500 THEN max(position) ELSE settled END) AS upto
        FROM page
    )
    SELECT told.upto, array_agg(position ORDER BY position), array_agg(at ORDER BY position), array_agg(xid ORDER BY position),
           array_agg(revision ORDER BY position), array_agg(is_latest ORDER BY position)
    INTO upto, positions, moments, xids, revisions, latest
    FROM told LEFT JOIN LATERAL (
        SELECT *, lead(position) OVER (PARTITION BY uuid ORDER BY position) IS NULL AS is_latest FROM page WHERE position <= told.upto
    ) AS one ON true
    GROUP BY told.upto;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # A generated column's expression is read and planned anew by every statement that writes; these two cost a create a tenth of its time.
    op.execute("DROP INDEX ix_resource_found_by")
    op.execute('ALTER TABLE resource ALTER name DROP EXPRESSION, ALTER found_by DROP EXPRESSION, ADD also_found_by text[] COLLATE "C"')
    op.execute(
        """
        UPDATE resource SET also_found_by = nullif(keys[2:], '{}'), found_by = to_jsonb(keys[1])
        FROM (SELECT uuid AS port, ARRAY(SELECT key FROM jsonb_array_elements_text(found_by) WITH ORDINALITY AS each (key, place)
                                         WHERE key <> '' ORDER BY place) AS keys
              FROM resource WHERE found_by @? '$[1]') AS several
        WHERE uuid = port
        """
    )
    op.execute(
        """
        ALTER TABLE resource ALTER found_by TYPE text COLLATE "C"
        USING nullif(CASE jsonb_typeof(found_by) WHEN 'array' THEN found_by ->> 0 WHEN 'string' THEN found_by #>> '{}' END, '')
        """
    )
    op.execute("CREATE INDEX ix_resource_found_by ON resource (found_by) WHERE found_by IS NOT NULL")
    op.execute("CREATE INDEX ix_resource_also_found_by ON resource USING gin (also_found_by) WHERE also_found_by IS NOT NULL")
    # Lists come in the order of names: a page is found by it, without looking at the rest.
    op.execute(f"CREATE INDEX ix_resource_kind_beginning ON resource (kind, {_BEGINNING})")
    op.execute("ANALYZE resource")
    op.execute(_NUMBER_CHANGES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION number_changes")
    op.execute("DROP INDEX ix_resource_kind_beginning")
    op.execute("DROP INDEX ix_resource_kind_name")
    op.execute("ALTER TABLE resource DROP also_found_by, DROP found_by, DROP name")
    op.execute(
        f"""
        ALTER TABLE resource
            ADD name text COLLATE "C" GENERATED ALWAYS AS (lower(fq_name[cardinality(fq_name)])) STORED,
            ADD found_by jsonb GENERATED ALWAYS AS ({_FOUND_BY}) STORED
        """
    )
    op.execute("CREATE INDEX ix_resource_kind_name ON resource (kind, name) INCLUDE (uuid)")
    op.execute("CREATE INDEX ix_resource_found_by ON resource USING gin (found_by) WITH (fastupdate = off) WHERE found_by IS NOT NULL")
