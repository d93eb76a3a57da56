"""What an API server sends is read as far as it is needed, and nothing it sends is an exception of somebody else."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_sync.cluster.api import UnreadableError
from kube_sync.cluster.messages import event_of, metadata_of, page_of, refusal, refusal_of, seconds_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        ("", None),
        ("-7", None),
        ("soon", None),
    ],
    ids=["seconds", "date", "date that is over", "absent", "negative", "words"],
)
def test_retry_after_tells_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert seconds_of(text, NOW) == seconds


@given(st.text())
def test_no_retry_after_is_too_strange(text: str) -> None:
    assert (seconds_of(text, NOW) or 0) >= 0


@given(st.binary())
def test_nothing_that_comes_is_too_strange(content: bytes) -> None:
    for read in (page_of, event_of):
        try:
            read(content)
        except UnreadableError:
            continue

    assert metadata_of(content).resource_version is not None
    assert refusal_of(content).status
    assert refusal(502, content, {}, "Bad Gateway").status == 502


def test_an_empty_list_may_have_no_items_at_all() -> None:
    page = page_of(b'{"metadata": {"resourceVersion": "7"}, "items": null}')

    assert (page.metadata.version, page.metadata.token, page.items) == ("7", "", None)
