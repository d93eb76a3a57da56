"""
Every error the API answers with: a status, a stable code, facts, and one sentence made from them.

* ApiError
  x BadRequest 400
    + InvalidName, InvalidProperty, InvalidReference, InvalidResource, InvalidParent, UnknownReference
    + SubnetExhausted, AddressOutside, NumbersExhausted, Overlap, Immutable
  x Unauthenticated 401
  x Forbidden 403
    + PermissionDenied
  x NotFound 404
    + UnknownId, NothingToDelete, WrongKind, UnknownName, UnknownKind, UnknownResourceType, UnknownPath
  x MethodNotAllowed 405
  x Conflict 409
    + AlreadyExists, UuidTaken, SystemObject, DuplicateRule, AddressInUse, MacInUse, SubnetInUse, ReservationExhausted
    + DeleteBlocked
      - ChildrenPresent, StillReferred
  x OverQuota 412
  x PreconditionFailed 412
  x Forgotten 410
  x TooLarge 413
  x KeyReused 422
  x Unavailable 503

Texts that clients parse are kept to the letter (contract 7.2).
"""

from collections.abc import Iterable, Sequence

# How many problems one answer tells: ten thousand wrong elements are not answered with a megabyte.
TOLD = 50
# How much of a header's text an answer repeats.
TOLD_OF_HEADER = 200


class ApiError(Exception):
    """What the caller is told: `status`, `code` for machines, `facts` beside it, and the sentence."""

    status = 500
    code = "internal"
    # Which entry of a request of many writes is at fault, in front of the sentence.
    where = ""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts

    def sentence(self, base: str) -> str:  # noqa: ARG002 (those that name links need it)
        """The text of the answer; `base` is the address the caller used, for errors that name links."""
        return str(self)


class BadRequest(ApiError):
    status = 400
    code = "bad-request"


class InvalidName(BadRequest):
    """A name that no object may have (contract 1.4.1 rows 3 and 4)."""


class InvalidProperty(BadRequest):
    code = "invalid-property"

    def __init__(self, moment: str, problems: Sequence[str]) -> None:
        super().__init__(f"Bad property in {moment}: {_listed(problems)}", problems=list(problems[:TOLD]))


class InvalidReference(BadRequest):
    code = "invalid-reference"

    def __init__(self, moment: str, problems: Sequence[str]) -> None:
        super().__init__(f"Bad reference in {moment}: {_listed(problems)}", problems=list(problems[:TOLD]))


class InvalidResource(BadRequest):
    """What a kind's own rules refuse, each problem naming its field and value."""

    code = "invalid-resource"

    def __init__(self, kind: str, problems: Sequence[str]) -> None:
        super().__init__(_listed(problems), kind=kind, problems=list(problems[:TOLD]))


class InvalidParent(BadRequest):
    code = "invalid-parent"


class ParentMissing(BadRequest):
    """A parent that does not exist where contract 1.4.1 row 11 answers 400."""

    code = "parent-not-found"

    def __init__(self, kind: str, fq_name: Sequence[str]) -> None:
        super().__init__(f"Parent {list(fq_name)} type {kind} does not exist", kind=kind, fq_name=list(fq_name))


class UnknownReference(BadRequest):
    code = "invalid-reference"

    def __init__(self, name: str, target: str) -> None:
        super().__init__(f"Unknown reference in resource create {name}: {target}", field=name, target=target)


class SubnetExhausted(BadRequest):
    """No free address (contract 4.5: clients look for the word `exhausted`)."""

    code = "subnet-exhausted"

    def __init__(self, network: Sequence[str], subnets: Iterable[object] = (), kind: str = "Virtual-Network") -> None:
        cidrs = [str(subnet) for subnet in subnets]
        super().__init__(f"{kind}({list(network)}) has exhausted subnet({cidrs})", fq_name=list(network), subnets=cidrs)


class AddressOutside(BadRequest):
    code = "address-outside"

    def __init__(self, address: object, network: Sequence[str], subnets: Iterable[object] = ()) -> None:
        cidrs = [str(subnet) for subnet in subnets]
        super().__init__(
            f"Address {address} is in no subnet: Virtual-Network({list(network)}) has exhausted subnet({cidrs})",
            address=str(address),
            fq_name=list(network),
            subnets=cidrs,
        )


class NumbersExhausted(BadRequest):
    code = "numbers-exhausted"

    def __init__(self, pool: str) -> None:
        super().__init__(f"No number is left in the pool {pool}: it is exhausted", pool=pool)


class Overlap(BadRequest):
    code = "overlap"

    def __init__(self, one: object, other: object) -> None:
        super().__init__(f"Overlapping addresses: [IPNetwork('{one}'), IPNetwork('{other}')]", subnets=[str(one), str(other)])


class Immutable(BadRequest):
    code = "immutable"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, field=field)


class Unauthenticated(ApiError):
    """Nobody knows who asks; the published client fetches a new token and asks once more (contract 5.2)."""

    status = 401
    code = "unauthenticated"

    def __init__(self, why: str) -> None:
        super().__init__(f"401 Unauthorized: {why}")


class Forbidden(ApiError):
    status = 403
    code = "forbidden"


class PermissionDenied(Forbidden):
    """It may be done, but not by this caller."""

    code = "permission-denied"


class NotFound(ApiError):
    status = 404
    code = "not-found"


class UnknownId(NotFound):
    def __init__(self, uuid: str) -> None:
        super().__init__(f"Unknown id: {uuid}", uuid=uuid)


class NothingToDelete(NotFound):
    """An unknown uuid where a delete names it: other words than a read's (contract 1.4.4)."""

    def __init__(self, uuid: str) -> None:
        super().__init__(f"ID {uuid} does not exist", uuid=uuid)


class WrongKind(NotFound):
    def __init__(self, kind: str, uuid: str) -> None:
        super().__init__(f"No {kind} object found for id {uuid}", kind=kind, uuid=uuid)


class UnknownName(NotFound):
    """A name that no object has; a missing parent is told without the blank (contract 1.4.1 row 9a)."""

    def __init__(self, fq_name: Sequence[str], *, parent: bool = False) -> None:
        super().__init__(f"Name{'' if parent else ' '}{list(fq_name)} not found", fq_name=list(fq_name))
        if parent:
            self.code = "parent-not-found"


class UnknownKind(NotFound):
    def __init__(self, kind: object) -> None:
        super().__init__(f"Resource type '{kind}' not found", kind=str(kind))


class UnknownResourceType(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"Invalid Contrail resource type:'{name[:200]}'", kind=name[:200])


class UnknownPath(NotFound):
    def __init__(self, path: str) -> None:
        super().__init__(f"Not found: '{path}'", path=path)


class MethodNotAllowed(ApiError):
    status = 405
    code = "method-not-allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__("Method not allowed.", allow=list(allowed))
        self.allowed = ", ".join(allowed)


class Conflict(ApiError):
    status = 409
    code = "conflict"


class AlreadyExists(Conflict):
    code = "already-exists"

    def __init__(self, fq_name: Sequence[str], uuid: str) -> None:
        super().__init__(f"{list(fq_name)} already exists with uuid: {uuid}", fq_name=list(fq_name), uuid=uuid)


class UuidTaken(Conflict):
    code = "already-exists"

    def __init__(self, uuid: str, fq_name: Sequence[str]) -> None:
        super().__init__(f"{uuid} already exists with fq_name: {list(fq_name)}", uuid=uuid, fq_name=list(fq_name))


class SystemObject(Conflict):
    """What the server made for itself and keeps (contract 1.4.4, 6)."""

    code = "system-object"

    def __init__(self, title: str, fq_name: Sequence[str], uuid: str) -> None:
        super().__init__(f"Cannot modify system resource {title} {':'.join(fq_name)}({uuid})", fq_name=list(fq_name), uuid=uuid)


class DuplicateRule(Conflict):
    """Two rules of one security group or network policy that do the same (contract 3.4)."""

    code = "duplicate-rule"

    def __init__(self, uuid: str) -> None:
        super().__init__(f"Rule already exists : {uuid}", rule_uuid=uuid)


class AddressInUse(Conflict):
    code = "address-in-use"

    def __init__(self, address: object) -> None:
        super().__init__(f"IP address already in use: {address}", address=str(address))


class MacInUse(Conflict):
    """Asked for by the maker of a port only: ports of one network may else have the same."""

    code = "mac-in-use"

    def __init__(self, mac: str, port: Sequence[str]) -> None:
        super().__init__(f"MAC address already in use: {mac} by {':'.join(port)}", mac=mac, fq_name=list(port))


class SubnetInUse(Conflict):
    """A subnet that leaves while something holds an address of it; `label` is IP, Floating IP or Alias IP (contract 4.6)."""

    code = "address-in-use"

    def __init__(self, address: object, label: str = "IP") -> None:
        super().__init__(f"Cannot Delete IP Block, {label}({address}) is in use", address=str(address))


class ReservationExhausted(Conflict):
    """An `ip-alloc` that cannot be met; 409 where an instance-ip gets 400 (contract 1.13)."""

    code = "subnet-exhausted"

    def __init__(self, network: Sequence[str], subnets: Iterable[object] = ()) -> None:
        cidrs = [str(subnet) for subnet in subnets]
        super().__init__(f"Virtual-Network({list(network)}) has exhausted subnet({cidrs})", fq_name=list(network), subnets=cidrs)


class DeleteBlocked(Conflict):
    """The list of links is evaluated by contrail-api-cli as a Python list: its shape is fixed (contract 1.4.4)."""

    text = ""

    def __init__(self, links: Sequence[tuple[str, str]]) -> None:
        super().__init__(self.text)
        self.links = links

    def sentence(self, base: str) -> str:
        return f"{self.text}: {[f'{base}/{kind}/{uuid}' for kind, uuid in self.links]}"


class ChildrenPresent(DeleteBlocked):
    code = "children-present"
    text = "Delete when children still present"


class StillReferred(DeleteBlocked):
    code = "still-referred"
    text = "Delete when resource still referred"


class OverQuota(ApiError):
    status = 412
    code = "over-quota"

    def __init__(self, kind: str, limit: int) -> None:
        super().__init__(f"quota limit ({limit}) exceeded for resource {kind}", kind=kind, limit=limit)


class PreconditionFailed(ApiError):
    """The object is not in the state that `If-Match` names (contract 2.7)."""

    status = 412
    code = "precondition-failed"

    def __init__(self, kind: str, uuid: str, wanted: str, etag: str) -> None:
        super().__init__(
            f"If-Match asks for {wanted[:TOLD_OF_HEADER]}, but the {kind} {uuid} is at {etag}",
            kind=kind,
            uuid=uuid,
            if_match=wanted[:TOLD_OF_HEADER],
            etag=etag,
        )


class Forgotten(ApiError):
    """Changes that were asked for are no longer kept."""

    status = 410
    code = "forgotten"

    def __init__(self, position: int) -> None:
        super().__init__(f"Changes up to position {position} are no longer kept: ask for those after {position}", position=position)


class TooLarge(ApiError):
    status = 413
    code = "too-large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"Request body is larger than {limit} bytes", limit=limit)


class KeyReused(ApiError):
    """An `Idempotency-Key` that came with another request before."""

    status = 422
    code = "idempotency-key-reused"

    def __init__(self, key: str, request: str) -> None:
        super().__init__(f"Idempotency-Key {key!r} was used for another request: {request}", key=key, request=request)


class Unavailable(ApiError):
    status = 503
    code = "unavailable"


def _listed(problems: Sequence[str]) -> str:
    more = len(problems) - TOLD
    return "; ".join(problems[:TOLD]) + (f"; and {more} more" if more > 0 else "")
