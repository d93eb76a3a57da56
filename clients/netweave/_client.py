"""The client that waits for each answer. Its methods name a call of `_requests`; only how a call is sent lives here."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from . import _listing, _requests, _watch
from ._kinds import FqName
from ._listing import DEFAULT_PAGE, Selection
from ._requests import (
    DEFAULT_URL,
    TIMEOUT,
    Addresses,
    Call,
    Counts,
    Document,
    Elements,
    Excluded,
    Family,
    Grouping,
    Names,
    Operation,
    Rows,
    checked_url,
    headers_of,
)
from ._retries import PATIENT, Outcome, Retries, settled, worth_repeating
from ._watch import CUT_OFF, Asked, Event, Reading, next_of, page_of

T = TypeVar("T")


class Client:
    """Asks a VNC API, one call after the other. Close it, or use it in a `with`; every refusal is raised as a VncError."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: httpx.Timeout | float = TIMEOUT,
        retries: Retries = PATIENT,
        sleep: Callable[[float], object] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = checked_url(url)
        self._http = httpx.Client(base_url=self.url, headers=headers_of(headers, token), timeout=timeout, transport=transport)
        self._retries = retries
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back; the client is of no use afterwards."""
        self._http.close()

    def create(self, kind: str, document: Mapping[str, Any], *, idempotency_key: str | None = None) -> Document:
        """
        Make an object and return the server's answer: its uuid, name, fq_name, href and parent (contract 1.4.1).

        With a key it is made once, however often the same call is sent, and may be sent again when no answer came.
        """
        return self._run(_requests.create(kind, document, idempotency_key))

    def read(self, kind: str, uuid: str, fields: Iterable[str] | None = None, *, exclude: Iterable[Excluded] = ()) -> Document:
        """The object, whole or with the named fields only; `exclude` leaves out children, back refs or hrefs (contract 1.4.2)."""
        return self._run(_requests.read(kind, uuid, fields, exclude))

    def update(self, kind: str, uuid: str, document: Mapping[str, Any], *, if_match: str | None = None) -> Document:
        """Change the properties and refs that the document names; None removes one. `if_match`: only in that state (contract 2.7)."""
        return self._run(_requests.update(kind, uuid, document, if_match))

    def delete(self, kind: str, uuid: str, *, if_match: str | None = None) -> None:
        """Remove the object; raises ChildrenPresent or StillReferenced when others need it (contract 1.4.4)."""
        self._run(_requests.delete(kind, uuid, if_match))

    def bulk(self, entries: Iterable[Mapping[str, Any]], *, fields: Iterable[str] = (), dry_run: bool = False) -> Rows:
        """Do entries {"kind", "operation", "data"} in one transaction, all or none; for each what its own call answers (docs/api-v2.md).

        The answers of creates have the named `fields` too. A refusal has the entry's index in `facts["entry"]`. A dry run checks all of
        it and changes nothing.
        """
        return self._run(_requests.bulk(entries, fields=fields, dry_run=dry_run))

    def list(self, kind: str, *, page: int | None = None, **selection: Unpack[Selection]) -> Rows:
        """The selected objects, all of them; with `page`, fetched that many at a time (contract 1.5)."""
        if page is None:
            return self._run(_listing.listing(kind, _listing.query(selection)))
        return [*self.iterate(kind, page=page, **selection)]

    def iterate(self, kind: str, *, page: int = DEFAULT_PAGE, **selection: Unpack[Selection]) -> Iterator[Document]:
        """The selected objects, as they come in pages of this size."""
        asked, marker = _listing.query(selection), ""
        while True:
            found = self._run(_listing.page(kind, asked, marker, page))
            yield from found.rows
            if found.marker is None:
                return
            marker = found.marker

    def count(self, kind: str, **selection: Unpack[Selection]) -> int:
        """How many objects the selection has."""
        return self._run(_listing.counting(kind, _listing.query(selection)))

    def find(self, kind: str, fq_name: FqName) -> str:
        """The uuid of the object with this name; raises NotFound (contract 1.7)."""
        return self._run(_requests.find(kind, fq_name))

    def name_of(self, uuid: str) -> tuple[str, Names]:
        """The kind and the fq_name of the object with this uuid; raises NotFound (contract 1.7)."""
        return self._run(_requests.name_of(uuid))

    def ref_update(
        self,
        kind: str,
        uuid: str,
        ref_kind: str,
        ref_uuid: str | None = None,
        ref_fq_name: FqName | None = None,
        *,
        operation: Operation,
        attr: Any = None,
    ) -> None:
        """Add one ref (or give it another attr), or delete it; the object's other refs stay (contract 1.8)."""
        self._run(_requests.ref_update(kind, uuid, ref_kind, _requests.target(ref_kind, ref_uuid, ref_fq_name), operation, attr))

    def ref_relax(self, uuid: str, ref_uuid: str) -> None:
        """Let the existing ref no longer keep its target from being deleted (contract 1.8)."""
        self._run(_requests.ref_relax(uuid, ref_uuid))

    def prop_collection_get(self, uuid: str, fields: Iterable[str], position: str | None = None) -> Elements:
        """The elements of list and map properties, each with its position (contract 1.9)."""
        return self._run(_requests.prop_collection_get(uuid, fields, position))

    def prop_collection_update(self, uuid: str, updates: Iterable[Mapping[str, Any]]) -> None:
        """Add, modify, set or delete single elements, all or none (contract 1.9)."""
        self._run(_requests.prop_collection_update(uuid, updates))

    def ip_alloc(
        self,
        network: str,
        *,
        count: int = 1,
        subnet: str | None = None,
        family: Family | None = None,
        idempotency_key: str | None = None,
    ) -> Addresses:
        """Take addresses of a network that no object holds (contract 1.13)."""
        return self._run(_requests.ip_alloc(network, count, subnet, family, idempotency_key))

    def ip_free(self, network: str, addresses: Iterable[str]) -> None:
        """Give back addresses taken by `ip_alloc`; unknown ones are ignored (contract 1.13)."""
        self._run(_requests.ip_free(network, addresses))

    def subnet_ip_count(self, network: str, subnets: Iterable[str]) -> Counts:
        """How many addresses each subnet has in use, in the order asked (contract 1.13)."""
        return self._run(_requests.subnet_ip_count(network, subnets))

    def search(self, text: str, *, kinds: Iterable[str] | None = None, limit: int | None = None) -> Document:
        """What the text names, begins or is part of: names, uuids, addresses, MAC addresses, prefixes; the closest first."""
        return self._run(_requests.search(text, kinds, limit))

    def utilization(
        self,
        by: Grouping = "subnet",
        *,
        network: str | None = None,
        project: str | None = None,
        subnet: str | None = None,
        limit: int | None = None,
    ) -> Document:
        """How many addresses are used, reserved and free, as rows and as totals; of all, or of one network, project or subnet."""
        return self._run(_requests.utilization(by, {"network": network, "project": project, "subnet": subnet}, limit))

    def address_map(self, subnet: str, *, start: str | None = None, limit: int | None = None) -> Document:
        """What each address of a subnet is, and who holds it; `next` of the answer is the `start` of the part after it."""
        return self._run(_requests.address_map(subnet, start, limit))

    def schema(self, kind: str | None = None) -> Document:
        """What the server knows of a kind: properties, types, links; without one, every kind."""
        return self._run(_requests.schema(kind))

    def home(self) -> Document:
        """The home page: every kind and action the server offers (contract 1.3)."""
        return self._run(_requests.home())

    def watch(
        self, *kinds: str, fields: Mapping[str, Iterable[str]] | None = None, since: int | None = None, anew: bool = True
    ) -> Iterator[Event]:
        """
        All objects of these kinds, and then what happens to them, without end; a stream that was cut off is gone on with. With `since`, the
        `position` of an event, what happened after it; `fields` restricts the objects of a kind (contract 1.14). Where the server cannot
        go on from where the reader was, it begins again with all objects, or raises Forgotten if `anew` is false.
        """
        reading = Reading(self.url, kinds, fields, since, anew=anew)
        while True:
            why: Exception | None = None
            try:
                with closing(self._http.send(reading.request(self._http), stream=True)) as reply:
                    if not reply.is_success:
                        reply.read()
                    reading.accept(reply)
                    for piece in reply.iter_bytes():
                        yield from reading.read(piece)
            except CUT_OFF as error:
                why = error
            self._sleep(reading.pause(why))

    def changes(self, *, limit: int | None = None, **asked: Unpack[Asked]) -> Iterator[Document]:
        """
        Who did what and when, with the object before and after, at most `limit` of them: the oldest first, or with `newest_first` the
        latest. Raises Forgotten when what was asked for is no longer kept.
        """
        following: dict[str, Any] = {}
        while limit is None or limit > 0:
            found, place = self._run(_watch.changes(asked, following | page_of(limit)))
            yield from found
            limit = None if limit is None else limit - len(found)
            if place is None:
                return
            following = next_of(asked, place)

    def _run(self, call: Call[T]) -> T:
        pauses = self._retries.pauses()
        while worth_repeating(call, outcome := self._ask(call)) and (pause := next(pauses, None)) is not None:
            self._sleep(pause)
        return settled(self.url, call, outcome)

    def _ask(self, call: Call[Any]) -> Outcome:
        try:
            return self._http.send(call.request(self._http))
        except httpx.RequestError as why:
            return why
