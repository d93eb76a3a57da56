"""Every operation of the served OpenAPI document, with requests that schemathesis makes of it: none is answered 5xx, one in five 200.

The requests are the same in every run. A positive one fits the document; its path names a resource that exists, its place is below a
parent that exists. A negative one does not fit.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode

from api_server.model.catalog import ROOT, load
from api_server.model.kind import Kind
from tests.contract.documented import answers_of, example_of
from tests.contract.population import Population
from tests.contract.reports import Report, assert_one_in_five, count
from tests.contract.seeds import ENDLESS, NEVER, VERBS, Seed, Seeds
from tests.contract.world import World

CATALOG = load()
KINDS = [kind for kind in CATALOG if kind.name != ROOT]
# With one request that must succeed, five for each operation.
CASES = 2

Operation = APIOperation[Any, Any, Any, Any]


@pytest.fixture(scope="module")
def api_url(fuzzed_url: str) -> str:
    return fuzzed_url


@pytest.fixture(scope="module")
def schema(openapi: dict[str, Any]) -> Any:
    return schemathesis.openapi.from_dict(openapi)


@pytest.fixture
def seeds(world: World) -> Seeds:
    return Seeds(Population(world, CATALOG))


def generated(operation: Operation, mode: GenerationMode) -> list[Case[Any]]:
    """Requests that fit the document, or do not."""
    found: list[Case[Any]] = []

    @settings(
        max_examples=CASES, database=None, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Case[Any]) -> None:
        found.append(case)

    # A request without parameters and body has nothing that could be wrong.
    with suppress(Unsatisfiable):
        collect()
    return found


def cases(operation: Operation, seed: Seed | None) -> Iterator[Case[Any]]:
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        for case in generated(operation, mode):
            if mode is GenerationMode.POSITIVE and seed is not None and operation.method != "delete":
                case.path_parameters, case.body = seed.path, seed.settle(case.body)
            if operation.path in ENDLESS:
                case.query = {**(case.query or {}), **ENDLESS[operation.path]}
            yield case
    if seed is not None:
        body = {} if seed.body is None else {"body": seed.body, "media_type": "application/json"}
        yield operation.Case(path_parameters=seed.path, query=seed.query, **body)


async def answered(operation: Operation, seed: Seed | None, base_url: str) -> Counter[int]:
    """How the requests were answered; none with 5xx, and none with a status that the document does not have."""
    documented = answers_of(operation.definition.raw)
    found: Counter[int] = Counter()
    for case in await asyncio.to_thread(lambda: list(cases(operation, seed))):
        response = await asyncio.to_thread(case.call, base_url=base_url)
        assert response.status_code < 500, f"{response.status_code} for {case.as_curl_command()}: {response.text}"
        assert response.status_code in documented, f"{response.status_code} for {case.as_curl_command()}: {response.text}"
        found[response.status_code] += 1
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
async def test_the_operations_of_a_kind(
    api_url: str, openapi: dict[str, Any], schema: Any, seeds: Seeds, report: Report, kind: Kind
) -> None:
    for verb, (pattern, method) in VERBS.items():
        path, name = pattern.format(kind=kind.name, collection=kind.collection), f"{kind.snake}_{verb}"
        seed = None if name in NEVER else await seeds.of_kind(kind, verb, example_of(openapi, path, method))

        found = await answered(schema[path][method], seed, api_url)

        count(report, {name: found})
        assert_one_in_five(found, name)


async def test_the_actions(api_url: str, openapi: dict[str, Any], schema: Any, seeds: Seeds, report: Report) -> None:
    for path, method in actions(openapi):
        name = openapi["paths"][path][method]["operationId"]
        seed = None if name in NEVER else await seeds.of_action(path, method)

        found = await answered(schema[path][method], seed, api_url)

        count(report, {name: found})
        assert_one_in_five(found, name)


def actions(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The paths that are not create, list, read, update or delete of a kind."""
    of_kinds = {pattern.format(kind=kind.name, collection=kind.collection) for kind in KINDS for pattern, _ in VERBS.values()}
    methods = {"get", "post", "put", "delete"}
    return [(path, method) for path, item in document["paths"].items() if path not in of_kinds for method in item if method in methods]


def test_the_document_has_every_operation_of_every_kind(openapi: dict[str, Any]) -> None:
    for kind in KINDS:
        for pattern, method in VERBS.values():
            assert method in openapi["paths"][pattern.format(kind=kind.name, collection=kind.collection)]
