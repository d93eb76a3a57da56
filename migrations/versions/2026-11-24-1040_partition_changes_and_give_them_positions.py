"""Partition the changes by day, and give them positions."""

from alembic import op

revision = "c2f1a0b7d3e4"
down_revision = "77046f3011c2"
branch_labels = None
depends_on = None

# The day after today, or after the latest change if a clock was ahead; UTC, as all days of partitions are.
_TOMORROW = "SELECT greatest(now(), (SELECT max(at) FROM change_before)) AT TIME ZONE 'UTC' + interval '1 day'"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # What is there becomes the first partition as it stands: nothing is copied.
    op.execute("ALTER TABLE change RENAME TO change_before")
    op.execute("ALTER TABLE change_before DROP CONSTRAINT pk_change, DROP CONSTRAINT uq_change_position")
    op.execute("DROP INDEX ix_change_xid")
    op.execute("ALTER TABLE change_before ALTER revision DROP IDENTITY")
    op.execute("ALTER TABLE change_before ADD created timestamptz(6), ADD modified timestamptz(6)")
    op.execute("CREATE SEQUENCE change_revision")
    op.execute("SELECT setval('change_revision', coalesce((SELECT max(revision) FROM change_before), 1))")
    op.execute(
        """
        CREATE TABLE change (
            revision bigint DEFAULT nextval('change_revision') NOT NULL,
            xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
            at timestamptz(6) DEFAULT statement_timestamp() NOT NULL,
            operation text NOT NULL,
            kind text NOT NULL,
            uuid uuid NOT NULL,
            fq_name text[] COLLATE "C" NOT NULL,
            actor text NOT NULL,
            request_id text NOT NULL,
            created timestamptz(6) DEFAULT statement_timestamp(),
            modified timestamptz(6) DEFAULT statement_timestamp(),
            before jsonb,
            after jsonb,
            CONSTRAINT pk_change PRIMARY KEY (xid, revision, at)
        ) PARTITION BY RANGE (at)
        """
    )
    op.execute(
        """
        CREATE TABLE change_position (
            position bigint NOT NULL,
            at timestamptz(6) NOT NULL,
            xid xid8 NOT NULL,
            revision bigint NOT NULL,
            kind text NOT NULL,
            uuid uuid NOT NULL,
            actor text NOT NULL,
            request_id text NOT NULL,
            CONSTRAINT pk_change_position PRIMARY KEY (position, at)
        ) PARTITION BY RANGE (at)
        """
    )
    op.execute("CREATE INDEX ix_change_position_uuid_position ON change_position (uuid, position)")
    op.execute("CREATE INDEX ix_change_position_request_id ON change_position (request_id)")
    op.execute("CREATE TABLE change_default PARTITION OF change DEFAULT")
    op.execute("CREATE TABLE change_position_default PARTITION OF change_position DEFAULT")
    op.execute(
        """
        CREATE TABLE numbering (
            one boolean DEFAULT true NOT NULL CONSTRAINT ck_numbering_one_row CHECK (one),
            seen pg_snapshot NOT NULL,
            position bigint NOT NULL,
            forgotten bigint DEFAULT 0 NOT NULL,
            CONSTRAINT pk_numbering PRIMARY KEY (one)
        )
        """
    )
    # Positions that an earlier stay at this revision gave are kept.
    op.execute(
        """
        CREATE TEMPORARY TABLE numbered ON COMMIT DROP AS
        SELECT revision, coalesce(position, (SELECT coalesce(max(position), 0) FROM change_before)
                                            + row_number() OVER (PARTITION BY position IS NULL ORDER BY revision)) AS position
        FROM change_before
        """
    )
    op.execute("ALTER TABLE change_before DROP COLUMN position")
    op.execute(
        f"""
        DO $$
        DECLARE day date := ({_TOMORROW})::date;
        BEGIN
            EXECUTE format('ALTER TABLE change_before RENAME TO change_until_%s', to_char(day, 'YYYYMMDD'));
            EXECUTE format('ALTER TABLE change ATTACH PARTITION change_until_%s FOR VALUES FROM (MINVALUE) TO (%L)',
                           to_char(day, 'YYYYMMDD'), day || ' 00:00:00+00');
            EXECUTE format('CREATE TABLE change_position_until_%s PARTITION OF change_position FOR VALUES FROM (MINVALUE) TO (%L)',
                           to_char(day, 'YYYYMMDD'), day || ' 00:00:00+00');
        END $$
        """
    )
    op.execute(
        """
        INSERT INTO change_position
        SELECT position, at, xid, revision, kind, uuid, actor, request_id FROM change JOIN numbered USING (revision)
        """
    )
    op.execute(
        """
        INSERT INTO numbering (seen, position, forgotten)
        SELECT pg_current_snapshot(), coalesce(max(position), 0), coalesce(min(position) - 1, 0) FROM change_position
        """
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE change RENAME TO change_by_day")
    op.execute("ALTER TABLE change_by_day DROP CONSTRAINT pk_change")
    op.execute(
        """
        CREATE TABLE change (
            revision bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
            position bigint,
            xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
            at timestamptz(6) DEFAULT statement_timestamp() NOT NULL,
            operation text NOT NULL,
            kind text NOT NULL,
            uuid uuid NOT NULL,
            fq_name text[] COLLATE "C" NOT NULL,
            actor text NOT NULL,
            request_id text NOT NULL,
            before jsonb,
            after jsonb
        )
        """
    )
    op.execute(
        """
        INSERT INTO change OVERRIDING SYSTEM VALUE
        SELECT revision, position, xid, at, operation, c.kind, c.uuid, fq_name, c.actor, c.request_id, before, after
        FROM change_by_day AS c LEFT JOIN change_position USING (at, xid, revision)
        """
    )
    op.execute("SELECT setval(pg_get_serial_sequence('change', 'revision'), coalesce(max(revision), 1)) FROM change")
    op.execute("ALTER TABLE change ADD CONSTRAINT pk_change PRIMARY KEY (revision)")
    op.execute("ALTER TABLE change ADD CONSTRAINT uq_change_position UNIQUE (position)")
    op.execute("CREATE INDEX ix_change_xid ON change (xid)")
    op.execute("DROP TABLE numbering, change_position, change_by_day")
    op.execute("DROP SEQUENCE change_revision")
