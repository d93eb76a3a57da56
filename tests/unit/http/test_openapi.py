"""The OpenAPI document against the standard and against the catalog."""

from collections import Counter
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from api_server.errors import UnknownPath
from api_server.http import docs
from api_server.http.openapi import document
from api_server.http.openapi.examples import example_create
from api_server.model.catalog import Catalog, load
from api_server.model.validation import parse_properties

CATALOG = load()
BYTES = document(CATALOG, version="1.2.3")
DOCUMENT: dict[str, Any] = orjson.loads(BYTES)
VERBS = ("get", "post", "put", "delete")
OPERATIONS = [operation for item in DOCUMENT["paths"].values() for verb, operation in item.items() if verb in VERBS]


def body_of(operation: dict[str, Any]) -> tuple[OAS31Validator, Any]:
    """The validator of an operation's body, and its example."""
    content = operation["requestBody"]["content"]["application/json"]
    return OAS31Validator({**content["schema"], "components": DOCUMENT["components"]}), content["examples"]["example"]["value"]


def test_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_every_kind_but_the_root_has_its_five_operations() -> None:
    for kind in CATALOG:
        if kind.name == "config-root":
            assert f"/{kind.collection}" not in DOCUMENT["paths"]
        else:
            assert {"get", "post"} == DOCUMENT["paths"][f"/{kind.collection}"].keys()
            assert {"get", "put", "delete", "parameters"} == DOCUMENT["paths"][f"/{kind.name}/{{uuid}}"].keys()


def test_operation_ids_are_unique_and_every_tag_is_declared() -> None:
    assert [name for name, times in Counter(operation["operationId"] for operation in OPERATIONS).items() if times > 1] == []
    assert {tag for operation in OPERATIONS for tag in operation["tags"]} == {tag["name"] for tag in DOCUMENT["tags"]}


def test_every_link_leads_to_an_operation_and_names_what_that_takes() -> None:
    operations = {
        operation["operationId"]: (item, operation)
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
    }
    links = [link for operation in OPERATIONS for answer in operation["responses"].values() for link in answer.get("links", {}).values()]

    assert len(links) > 8 * 125
    for link in links:
        item, operation = operations[link["operationId"]]
        taken = [*item.get("parameters", []), *operation.get("parameters", [])]
        names = {each.get("name") or each["$ref"].rsplit("/", 1)[1] for each in taken}
        assert link.get("parameters", {}).keys() <= names
        assert ("requestBody" in link) <= ("requestBody" in operation)


def test_every_property_and_ref_of_every_kind_is_described() -> None:
    for kind in CATALOG:
        if kind.name != "config-root":
            schema = DOCUMENT["components"]["schemas"][kind.name]["properties"]
            links = {*kind.refs, *kind.children, *kind.back_refs}
            assert {*kind.properties, *links, "id_perms", "perms2", "uuid", "fq_name"} <= schema.keys()


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if "requestBody" in each], ids=lambda each: str(each["operationId"]))
def test_the_example_of_every_body_fits_its_schema(operation: dict[str, Any]) -> None:
    validator, example = body_of(operation)

    assert [error.message for error in validator.iter_errors(example)] == []


def test_the_example_of_every_create_passes_the_checks_of_the_server() -> None:
    for kind in CATALOG:
        example = example_create(CATALOG, kind)
        parsed, problems = parse_properties(CATALOG, kind, example)

        assert problems == [], kind.name
        assert parsed == {name: value for name, value in example.items() if name in kind.properties}
        assert example.keys() <= {*kind.properties, *kind.refs, "fq_name", "parent_type"}, kind.name


def test_limits_of_the_schema_are_in_the_document() -> None:
    mtu = DOCUMENT["components"]["schemas"]["virtual-network"]["properties"]["mtu"]
    category = DOCUMENT["components"]["schemas"]["virtual-network.create"]["properties"]["virtual_network_category"]

    assert (mtu["minimum"], mtu["maximum"]) == (0, 9216)
    assert (category["enum"], category["default"]) == (["infra", "tenant", "internal", "routed"], "tenant")


def test_a_ref_with_an_attribute_type_asks_for_it() -> None:
    validator, example = body_of(DOCUMENT["paths"]["/virtual-networks"]["post"])
    (ref,) = example["virtual-network"]["network_ipam_refs"]
    without = {"virtual-network": {**example["virtual-network"], "network_ipam_refs": [{"to": ref["to"]}]}}

    assert validator.is_valid(example)
    assert not validator.is_valid(without)


def test_every_error_is_text_or_a_problem_document() -> None:
    contents = [response["content"].keys() for response in DOCUMENT["components"]["responses"].values()]

    assert all(content == {"text/plain", "application/problem+json"} for content in contents)


def test_every_operation_but_the_public_ones_takes_a_token_and_may_refuse_the_caller() -> None:
    public = {operation["operationId"] for operation in OPERATIONS if operation.get("security") == []}
    guarded = [operation["responses"].keys() for operation in OPERATIONS if operation["operationId"] not in public]

    assert public == {"home", "livez", "readyz"}
    assert all(responses >= {"401", "403"} for responses in guarded)
    assert {"token": []} in DOCUMENT["security"]
    assert DOCUMENT["components"]["securitySchemes"]["token"]["name"] == "X-Auth-Token"


@pytest.fixture
def client() -> TestClient:
    """Of an application that has the documentation's paths alone."""
    paths = {"/docs": docs.page, "/docs/assets/{name}": docs.asset, "/openapi.json": docs.openapi}
    app = Starlette(routes=[Route(path, answer) for path, answer in paths.items()])
    app.state.server = SimpleNamespace(catalog=CATALOG)
    return TestClient(app)


def test_docs_page_needs_nothing_from_outside(client: TestClient) -> None:
    page = client.get("/docs").text

    assert "https://" not in page
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        assert f"/docs/assets/{name}" in page
        assert client.get(f"/docs/assets/{name}").status_code == 200
    with pytest.raises(UnknownPath, match=r"/docs/assets/core\.py"):
        client.get("/docs/assets/core.py")


def test_the_document_is_made_once_and_sent_again_only_to_who_has_another(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def describe(catalog: Catalog, *, version: str) -> bytes:
        made.append(version)
        return BYTES

    monkeypatch.setattr(docs, "document", describe)
    monkeypatch.setattr(client.app.state.server, "catalog", load())  # type: ignore[attr-defined]  # an ASGI application of any kind
    packed = client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    known = client.get("/openapi.json", headers={"If-None-Match": plain.headers["etag"]})

    assert made == [version("netweave")]
    assert (packed.headers["content-encoding"], packed.content) == ("gzip", BYTES)
    assert ("content-encoding" in plain.headers, plain.content) == (False, BYTES)
    assert int(packed.headers["content-length"]) < len(BYTES) / 10
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", packed.headers["etag"])


def test_the_bundled_page_reads_openapi_3_1(client: TestClient) -> None:
    assert "isOAS31" in client.get("/docs/assets/swagger-ui-bundle.js").text
