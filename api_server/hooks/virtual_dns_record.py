"""A record of a virtual DNS server fits its type (contract 3.4 virtual-DNS-record)."""

from collections.abc import Iterator
from typing import Any

from typing_extensions import override

from api_server.errors import Forbidden
from api_server.model.dns import is_dns_name, is_reverse_name, ttl_problem, version_of
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction

DATA = "virtual_DNS_record_data"
ADDRESSES = {"A": 4, "AAAA": 6}
LARGEST_PREFERENCE = 65_535


class VirtualDnsRecord(Hooks):
    """Refuses with 403 a record that no resolver could use."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        _check(new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if old.properties.get(DATA) != new.properties.get(DATA):
            _check(new)


def _check(new: Resource) -> None:
    data = new.properties.get(DATA)
    if data and (problems := [f"{DATA}.{problem}" for problem in _problems(data)]):
        message = "; ".join(problems)
        raise Forbidden(message, field=DATA, problems=problems)


def _problems(data: dict[str, Any]) -> Iterator[str]:
    kind, name, value = data.get("record_type") or None, data.get("record_name"), data.get("record_data")
    if kind == "PTR" and not is_reverse_name(name):
        yield f"record_name: {name!r} of a PTR record is neither an address nor a name under in-addr.arpa or ip6.arpa"
    elif name and kind != "PTR" and not is_dns_name(name):
        yield f"record_name: {name!r} is no name of the DNS"
    if kind in ADDRESSES and version_of(value) != ADDRESSES[kind]:
        yield f"record_data: {value!r} of an {kind} record is no IPv{ADDRESSES[kind]} address"
    elif kind and kind not in ADDRESSES and not is_dns_name(value):
        yield f"record_data: {value!r} of a record of type {kind} is no name of the DNS"
    if wrong := ttl_problem(data.get("record_ttl_seconds")):
        yield f"record_ttl_seconds: {wrong}"
    preference = data.get("record_mx_preference")
    if kind == "MX" and not (isinstance(preference, int) and 0 <= preference <= LARGEST_PREFERENCE):
        yield f"record_mx_preference: {preference!r} of an MX record is not between 0 and {LARGEST_PREFERENCE}"
