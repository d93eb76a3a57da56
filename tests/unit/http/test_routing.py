"""Which route a path has."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import UnknownPath
from api_server.http.routing import Table, route


async def nothing(request: Request) -> Response:
    return Response()


TABLE = Table(
    [
        route("/", GET=nothing),
        route("/sync", POST=nothing),
        route("/virtual-network/{uuid}/ip-alloc", POST=nothing),
        route("/virtual-network/{uuid}/ip-free", POST=nothing),
        route("/v2/schema", GET=nothing),
        route("/v2/schema/{kind}", GET=nothing),
        route("/v2/ipam/utilization", GET=nothing),
        route("/{collection}", GET=nothing),
        route("/{kind}/{uuid}", GET=nothing),
    ],
    closed=["v2"],
)


@pytest.mark.parametrize(
    ("path", "expected", "parameters"),
    [
        ("/", "/", {}),
        ("/sync", "/sync", {}),
        ("/syncs", "/{collection}", {"collection": "syncs"}),
        ("/sync/7", "/{kind}/{uuid}", {"kind": "sync", "uuid": "7"}),
        ("/virtual-network/7", "/{kind}/{uuid}", {"kind": "virtual-network", "uuid": "7"}),
        ("/virtual-network/7/ip-free", "/virtual-network/{uuid}/ip-free", {"uuid": "7"}),
        ("/v2", "/{collection}", {"collection": "v2"}),
        ("/v2/schema", "/v2/schema", {}),
        ("/v2/schema/tag", "/v2/schema/{kind}", {"kind": "tag"}),
        ("/v2/ipam/utilization", "/v2/ipam/utilization", {}),
        ("/{collection}", "/{collection}", {"collection": "{collection}"}),
    ],
    ids=str,
)
def test_a_path_has_the_route_that_names_most_of_it(path: str, expected: str, parameters: dict[str, str]) -> None:
    found, given = TABLE.find(path)

    assert (found.path, given) == (expected, parameters)


@pytest.mark.parametrize(
    "path", ["", "*", "sync", "//", "//sync", "/tags//", "/virtual-network/7/nope", "/virtual-network//ip-free", "/a/b/c", "/v2/nope"]
)
def test_any_other_path_is_unknown(path: str) -> None:
    with pytest.raises(UnknownPath):
        TABLE.find(path)
