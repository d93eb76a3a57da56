"""Every conversation of the files beside this one, held with a served API over HTTP: one case each (README.md has the format)."""

from collections.abc import Iterator

import httpx
import pytest

from tests.conversations.files import Case, cases, files
from tests.conversations.talk import hold


@pytest.fixture(scope="module")
def http(api_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api_url, timeout=30, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("case", cases(files()), ids=lambda case: str(case.id))
def test_conversation(http: httpx.Client, case: Case) -> None:
    hold(http, case.read())
