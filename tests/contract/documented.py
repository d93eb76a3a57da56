"""The OpenAPI document as a client gets it, and the server that is asked whatever the document allows."""

import copy
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.contract.world import Document
from tests.served import Postgres, served


@pytest.fixture(scope="session")
def fuzzed_url(postgres: Postgres) -> Iterator[str]:
    """A server of its own: odd values of what everybody shares (the AS number, a default's properties) disturb no other test."""
    with postgres.database() as database_url, served(DATABASE_URL=database_url) as server:
        yield server.url


@pytest.fixture(scope="session")
def openapi(fuzzed_url: str) -> Document:
    response = httpx.get(f"{fuzzed_url}/openapi.json", timeout=30, trust_env=False)
    assert response.status_code == 200
    document: Document = response.json()
    return document


def example_of(document: Document, path: str, method: str) -> Any:
    """The document's own example of the request's body; a copy."""
    content = document["paths"][path][method].get("requestBody", {}).get("content", {})
    examples = content.get("application/json", {}).get("examples", {})
    return copy.deepcopy(next(iter(examples.values()))["value"]) if examples else None


def answers_of(operation: Document) -> set[int]:
    """The statuses that an operation may answer with."""
    # A blank for a uuid is cut off the path, and what is left may be another path (contract 1.1).
    return {405, *map(int, operation["responses"])}
