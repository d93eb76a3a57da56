"""`/v2/ipam`: how full subnets are, and what each address of one is."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest, UnknownId, WrongKind
from api_server.http.requests import caller_of, json_response, limit_of, number_of
from api_server.http.staleness import reading
from api_server.ipam.address_map import Page, Run, read_map
from api_server.ipam.subnet import read_address
from api_server.ipam.utilization import SubnetUsage, Usage, utilization
from api_server.model.resource import Link, is_uuid
from api_server.store import resources

CHOICES = {"network": "virtual-network", "project": "project", "subnet": ""}
GROUPS = ("subnet", "network", "project")
DEFAULT_ROWS, LARGEST_ROWS = 1000, 10_000
DEFAULT_HELD, LARGEST_HELD = 256, 4096
# Up to so many addresses a map has a cell for each.
CELLS = 256


async def usage(request: Request) -> Response:
    query, by = request.query_params, request.query_params.get("by", "subnet")
    if by not in GROUPS:
        raise BadRequest(f"by must be one of {', '.join(GROUPS)}: {by!r:.200}", field="by")
    limit, offset = limit_of(query, DEFAULT_ROWS, LARGEST_ROWS), number_of(query.get("offset"), "offset", "a number of rows") or 0
    chosen = {name: _uuid(name, query[name]) for name in CHOICES if name in query}
    async with reading(request) as connection:
        found = await utilization(connection, caller_of(request), chosen)
        if not found:
            for name, uuid in chosen.items():
                await _must_exist(connection, name, uuid)
    rows = list(_ROWS[by](found))
    document = {"by": by, "rows": rows[offset : offset + limit], "totals": _together(found), "more": len(rows) > offset + limit}
    # A /64 has more addresses than 64 bits count, which is why this is not orjson's.
    return json_response(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode())


async def _must_exist(connection: Any, name: str, uuid: str) -> None:
    """Raise if what a query names is not there; a network without subnets is."""
    row = await connection.fetchrow(resources.BY_UUID, uuid=uuid)
    if row is None:
        raise UnknownId(uuid)
    if row["kind"] != CHOICES[name]:
        raise WrongKind(CHOICES[name], uuid)


def _by_subnet(found: Iterable[SubnetUsage]) -> Iterator[dict[str, Any]]:
    for one in found:
        known = one.subnet
        head = {"subnet": known.uuid, "cidr": str(known.cidr), "family": _family(one), "owner": _link(one.owner), "project": one.project}
        yield head | one.usage._asdict()


def _by_network(found: Iterable[SubnetUsage]) -> Iterator[dict[str, Any]]:
    for owner, several in groupby(found, key=lambda one: one.owner):
        ones = list(several)
        yield {"owner": _link(owner), "project": ones[0].project, **_together(ones)}


def _by_project(found: Iterable[SubnetUsage]) -> Iterator[dict[str, Any]]:
    ordered = sorted(found, key=lambda one: one.owner.fq_name[:-1])
    for (name, uuid), several in groupby(ordered, key=lambda one: (one.owner.fq_name[:-1], one.project)):
        yield {"project": uuid, "fq_name": name, **_together(several)}


_ROWS = {"subnet": _by_subnet, "network": _by_network, "project": _by_project}


def _together(found: Iterable[SubnetUsage]) -> dict[str, Any]:
    """How many subnets, and the usage of each family: the addresses of the two are not worth the same."""
    ones = list(found)
    families = {family: [one.usage for one in ones if _family(one) == family] for family in ("v4", "v6")}
    return {"subnets": len(ones), **{family: Usage.of(usages)._asdict() for family, usages in families.items() if usages}}


def _family(one: SubnetUsage) -> str:
    return f"v{one.subnet.cidr.version}"


def _link(link: Link) -> dict[str, Any]:
    return {"kind": link.kind, "uuid": link.uuid, "fq_name": link.fq_name}


def _uuid(name: str, text: str) -> str:
    if not is_uuid(text):
        raise BadRequest(f"{name} must be a uuid: {text!r:.200}", field=name)
    return text


async def address_map(request: Request) -> Response:
    uuid, text = request.path_params["uuid"], request.query_params.get("start")
    start = read_address(text)
    if text is not None and start is None:
        raise BadRequest(f"start must be an address: {text!r:.200}", field="start")
    limit = limit_of(request.query_params, DEFAULT_HELD, LARGEST_HELD)
    page = None
    if is_uuid(uuid):
        async with reading(request) as connection:
            page = await read_map(connection, caller_of(request), uuid, start, limit)
    if page is None:
        raise UnknownId(uuid)
    if start is not None and not page.subnet.contains(start):
        raise BadRequest(f"start {start} is not in {page.subnet.cidr}", field="start")
    return json_response(orjson.dumps(_rendered(page)))


def _rendered(page: Page) -> dict[str, Any]:
    known = page.subnet
    head = {
        "subnet": known.uuid,
        "cidr": str(known.cidr),
        "owner": _link(page.owner),
        "gateway": str(known.gateway) if known.gateway else None,
        "service_address": str(known.service_address) if known.service_address else None,
        "pools": [{"start": str(pool.start), "end": str(pool.end), "for_routers": pool.for_routers} for pool in known.pools],
        "alloc_unit": known.alloc_unit,
        "next": str(page.next) if page.next else None,
    }
    if known.cidr.num_addresses <= CELLS:
        return {
            **head,
            "cells": [{"address": str(page.address(at)), **_said(run)} for run in page.runs for at in range(run.start, run.end + 1)],
        }
    ranges = [{"start": str(page.address(run.start)), "end": str(page.address(run.end)), **_said(run)} for run in page.runs]
    return {**head, "ranges": ranges}


def _said(run: Run) -> dict[str, Any]:
    return {"state": run.state, "holder": _link(run.holder)} if run.holder else {"state": run.state}
