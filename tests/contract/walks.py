"""One kind's operations, walked along the links of the OpenAPI document: what an answer says goes into the next request."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case, GenerationMode

from api_server.model.kind import Kind
from tests.contract.documented import answers_of, example_of
from tests.contract.reports import Report
from tests.contract.seeds import NEVER, VERBS, Seed, Seeds
from tests.contract.world import Document

Result = TypeVar("Result")

# A walk is this many requests long: enough to make two of a kind and to do everything with them.
STEPS = 8
WALKING = settings(
    max_examples=2,
    stateful_step_count=STEPS,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass(slots=True)
class Ground:
    """What the walks of one kind stand on: a server, parents and targets that exist, and what was made on the way."""

    url: str
    document: Document
    kind: Kind
    seeds: Seeds
    report: Report
    loop: asyncio.AbstractEventLoop
    known: dict[str, list[str]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    asked: Counter[str] = field(default_factory=Counter)
    total: int = 0

    def seed(self, verb: str, example: Any) -> Seed:
        return self._wait(self.seeds.of_kind(self.kind, verb, example))

    def tag(self) -> Document:
        return self._wait(self.seeds.population.one("tag"))

    def settle(self, case: Case[Any]) -> None:
        """Put what was generated where it means something; every other request is plain: nothing but what its link and its example say."""
        name = case.operation.definition.raw["operationId"]
        self.asked[name] += 1
        if name in NEVER or (case.meta and case.meta.generation.mode is GenerationMode.NEGATIVE):
            return
        plain = self.asked[name] % 2 == 1
        if plain:
            case.headers.clear()
            case.query = {}
            if case.path_parameters.get("uuid") not in self.there:
                case.path_parameters = dict.fromkeys(case.path_parameters, self.some())
        if settler := SETTLERS.get(name.removeprefix(f"{self.kind.snake}_")):
            settler(self, case, plain)

    async def ask_each_once(self) -> None:
        """Each of the kind's own operations as its example says: what has to succeed."""
        for verb, (pattern, method) in VERBS.items():
            path, name = pattern.format(kind=self.kind.name, collection=self.kind.collection), f"{self.kind.snake}_{verb}"
            if name not in NEVER:
                seed = await self.seeds.of_kind(self.kind, verb, example_of(self.document, path, method))
                response = await self.seeds.world.api.request(method, path.format(**seed.path), params=seed.query, json=seed.body)
                self._count(name, response.status_code)

    def remember(self, case: Case[Any], response: Any) -> None:
        """Count the answer; none is 5xx, none has a status that the document does not have."""
        raw = case.operation.definition.raw
        said = f"{response.status_code} for {case.as_curl_command()}: {response.text}"
        assert response.status_code < 500, said
        assert response.status_code in answers_of(raw), said
        self._count(raw["operationId"], response.status_code)
        if response.status_code == 200:
            self._keep(raw["operationId"].removeprefix(f"{self.kind.snake}_"), case, response)

    def _count(self, name: str, status: int) -> None:
        self.report.setdefault(name, Counter())[status] += 1
        self.total += 1

    def _keep(self, verb: str, case: Case[Any], response: Any) -> None:
        """Know what there is of the kind, and what there was."""
        if verb == "create" and "Dry-Run" not in response.headers:
            made = response.json()[self.kind.name]
            self.known[made["uuid"]] = made["fq_name"]
        if verb == "delete" and "Dry-Run" not in response.headers:
            self.gone.add(case.path_parameters["uuid"])

    @property
    def there(self) -> list[str]:
        return [uuid for uuid in self.known if uuid not in self.gone]

    def some(self) -> str:
        """The uuid of one that there is."""
        if not self.there:
            only = f"{self.kind.snake}_create" in NEVER
            one = self._wait(self.seeds.population.one(self.kind.name) if only else self.seeds.new(self.kind))
            self.known[one["uuid"]] = one["fq_name"]
        return self.there[-1]

    def _wait(self, making: Coroutine[Any, Any, Result]) -> Result:
        """What the loop of the test makes, for the thread that walks."""
        return asyncio.run_coroutine_threadsafe(making, self.loop).result()


def _create(ground: Ground, case: Case[Any], plain: bool) -> None:
    kind = ground.kind
    seed = ground.seed("create", example_of(ground.document, f"/{kind.collection}", "post"))
    case.body = seed.settle(seed.body if plain else case.body)
    # What is not there leads nowhere.
    case.query.pop("dry_run", None)


def _update(ground: Ground, case: Case[Any], plain: bool) -> None:
    kind = ground.kind
    example = example_of(ground.document, f"/{kind.name}/{{uuid}}", "put")
    case.body = example if plain else Seed({}, {}, kind=kind).settle(case.body)


def _list(ground: Ground, case: Case[Any], plain: bool) -> None:
    """Of what was made here; the next link would otherwise lead to what is somebody else's."""
    case.query = {**case.query, "obj_uuids": ground.some()}


def _name(ground: Ground, case: Case[Any], plain: bool) -> None:
    if plain:
        body: Document = {"type": ground.kind.name, "fq_name": ground.known[ground.some()]}
        case.body = body


def _refer(ground: Ground, case: Case[Any], plain: bool) -> None:
    if plain:
        of = {"type": ground.kind.name, "uuid": _uuid_of(ground, case)}
        case.body = {**of, "ref-type": "tag", "ref-uuid": ground.tag()["uuid"], "operation": "ADD", "attr": None}


def _annotate(ground: Ground, case: Case[Any], plain: bool) -> None:
    if plain:
        edit: Document = {"field": "annotations", "operation": "set", "value": {"key": "colour", "value": "red"}}
        case.body = {"uuid": _uuid_of(ground, case), "updates": [edit]}


def _permit(ground: Ground, case: Case[Any], plain: bool) -> None:
    if plain:
        case.body = {"uuid": _uuid_of(ground, case), "global_access": 5}


def _uuid_of(ground: Ground, case: Case[Any]) -> str:
    """What the link says, where it says something."""
    said = case.body.get("uuid") if isinstance(case.body, dict) else None
    return said if said in ground.there else ground.some()


SETTLERS: dict[str, Callable[[Ground, Case[Any], bool], None]] = {
    "create": _create,
    "update": _update,
    "list": _list,
    "fqname_to_id": _name,
    "ref_update": _refer,
    "prop_collection_update": _annotate,
    "chmod": _permit,
}


def walk(ground: Ground, requests_wanted: int) -> None:
    """Walks until there were so many requests; the same ones whenever the server answers the same."""
    machine: Any = schemathesis.openapi.from_dict(_part_of(ground.document, ground.kind)).as_state_machine()
    with requests.Session() as session:
        session.trust_env = False

        class Walk(machine):  # type: ignore[misc]
            def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
                ground.settle(case)
                return {"base_url": ground.url, "session": session}

            def validate_response(self, response: Any, case: Case[Any], **_: Any) -> None:
                ground.remember(case, response)

        for number in count():
            hypothesis.seed(number)(Walk).run(settings=WALKING)
            if ground.total >= requests_wanted:
                return


def _part_of(document: Document, kind: Kind) -> Document:
    """The document with the paths of one kind, and those that their links lead to."""
    own = {path: document["paths"][path] for path in (f"/{kind.collection}", f"/{kind.name}/{{uuid}}")}
    linked = {
        link["operationId"]
        for item in own.values()
        for operation in item.values()
        if isinstance(operation, dict)
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    }
    further = {
        path: {method: operation for method, operation in item.items() if method == "parameters" or operation.get("operationId") in linked}
        for path, item in document["paths"].items()
        if path not in own and any(isinstance(operation, dict) and operation.get("operationId") in linked for operation in item.values())
    }
    return {**document, "paths": {**own, **further}}
