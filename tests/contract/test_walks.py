"""Walks along the links of the OpenAPI document, made by schemathesis: create, then read, change, refer to, list and delete what was made.

`make test` walks 2,000 requests; `NETWEAVE_WALKED` asks for more (`make fuzz`: 20,000).
"""

import asyncio
import os

import pytest

from api_server.model.catalog import ROOT, load
from api_server.model.kind import Kind
from tests.contract.population import Population
from tests.contract.reports import Report, assert_one_in_five
from tests.contract.seeds import Seeds
from tests.contract.walks import Ground, walk
from tests.contract.world import Document, World

CATALOG = load()
KINDS = [kind for kind in CATALOG if kind.name != ROOT]
REQUESTS = int(os.environ.get("NETWEAVE_WALKED", "2000"))


@pytest.fixture(scope="module")
def api_url(fuzzed_url: str) -> str:
    return fuzzed_url


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
async def test_walks_of_a_kind(api_url: str, openapi: Document, world: World, report: Report, kind: Kind) -> None:
    ground = Ground(api_url, openapi, kind, Seeds(Population(world, CATALOG)), report, asyncio.get_running_loop())

    await ground.ask_each_once()
    await asyncio.to_thread(walk, ground, -(-REQUESTS // len(KINDS)))


def test_of_every_operation_one_request_in_five_is_answered_200(report: Report) -> None:
    for name, answers in report.items():
        if answers.total() >= 5:
            assert_one_in_five(answers, name)
