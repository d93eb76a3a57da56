"""What the migrations say about themselves, read without Alembic."""

import pytest
from alembic.script import ScriptDirectory

from api_server.model.places import data_directory
from api_server.supervisor.fault import DatabaseAhead, DatabaseBehind
from api_server.supervisor.migration import check_known, check_revision, newest


def test_the_newest_revision_and_all_before_it_are_those_that_alembic_finds() -> None:
    scripts = ScriptDirectory(data_directory("migrations"))
    revisions = [script.revision for script in scripts.walk_revisions()]

    assert newest() == scripts.get_current_head()
    for revision in revisions:
        check_known("db", revision)
    for revision in revisions[1:]:
        with pytest.raises(DatabaseBehind, match=revision):
            check_revision("db", revision)


def test_a_revision_that_no_migration_makes_is_a_newer_versions() -> None:
    with pytest.raises(DatabaseAhead):
        check_revision("db", "from-tomorrow")
