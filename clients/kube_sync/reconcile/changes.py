"""Writes for many pods in few requests; what is refused to one is its own affair (B18, B39)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import netweave
from kube_sync.model.entries import ADDRESS, MACHINE, Entry, link
from kube_sync.model.names import Names
from kube_sync.model.objects import Key
from kube_sync.model.refusals import AddressInUse, InvalidAnnotation, NameCollision, NetworkNotFound, SubnetExhausted
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.own import Own
from kube_sync.reconcile.passes import AUTHORS
from kube_sync.reconcile.trees import IP, MACS, NETWORKS

# A pod with three interfaces is seven entries. Measured: twenty pods in a request cost a quarter of what they cost one by one,
# and more in one gain nothing.
MOST = 150

Rows = list[tuple[str, dict[str, Any]]]
Change = tuple[Key, list[Entry]]
FAMILY = "instance_ip_family"
PLACE = re.compile(r"entry \d+ \([^)]*\): ")


class OvertakenError(Exception):
    """Somebody else, or a run of ours that was cut off, was faster: the pod needs a fresh look."""


class HeldError(Exception):
    """Others refer to what was to be deleted; `entries` are those that make them let go."""

    def __init__(self, why: netweave.StillReferenced, entries: list[Entry]) -> None:
        super().__init__(str(why))
        self.entries = entries


class Changes:
    """All entries of a pod are done together or not at all, so that a refusal leaves nothing behind."""

    def __init__(self, api: ConfigApi, names: Names, own: Own) -> None:
        self._api = api
        self._names = names
        self._own = own

    async def carry_out(self, changes: Mapping[Key, list[Entry]]) -> dict[Key, Rows | Exception]:
        """What became of each pod's entries: the kind and the row of everything made, or why nothing of it was done."""
        outcomes: dict[Key, Rows | Exception] = {}
        waiting = list(_grouped(changes))[::-1]
        while waiting:
            group = waiting.pop()
            self._own.note(entry["data"]["uuid"] for _, entries in group for entry in entries if entry["operation"] == "delete")
            AUTHORS.set([key for key, entries in group for _ in entries])
            try:
                answers = await self._api.bulk([entry for _, entries in group for entry in entries], fields=[IP, MACS])
            except netweave.Refused as why:
                at, entry = _fault(group, why)
                if entry is not None:
                    outcomes[group[at][0]] = meaning = await self._meaning(entry, why)
                    hopeless = _as_hopeless(entry, group[at + 1 :]) if isinstance(meaning, SubnetExhausted) else []
                    outcomes |= dict.fromkeys(hopeless, meaning)
                    # Those before it were not what was refused, and each refusal settles one: this comes to an end.
                    rest = [change for change in group[at + 1 :] if change[0] not in hopeless]
                    waiting += [part for part in (rest, group[:at]) if part]
                elif len(group) > 1 and why.status < 500:
                    waiting += [group[len(group) // 2 :], group[: len(group) // 2]]
                else:
                    outcomes |= dict.fromkeys((key for key, _ in group), why)
            except netweave.VncError as why:
                outcomes |= dict.fromkeys((key for key, _ in group), why)
            else:
                left = iter(answers)
                outcomes |= {key: [made for entry in entries for made in _made(entry, next(left))] for key, entries in group}
        return outcomes

    async def _meaning(self, entry: Entry, why: netweave.Refused) -> Exception:
        """What the server's no means for the pod; an answer that is nobody's fault stays what it is."""
        data, said = entry["data"], PLACE.sub("", str(why), count=1)
        networks = [str(ref["uuid"]) for ref in data.get(NETWORKS) or ()]
        match why:
            case netweave.AlreadyExists():
                return await self._collision(entry, why)
            case netweave.NotFound():
                return OvertakenError(said)
            case netweave.StillReferenced():
                holders = [href.rstrip("/").split("/")[-2:] for href in why.blocking]
                return HeldError(why, [link(kind, uuid, entry["kind"], data["uuid"], operation="DELETE") for kind, uuid in holders])
            case netweave.SubnetExhausted():
                return SubnetExhausted("no address is free:", said, networks=networks)
            case netweave.AddressInUse():
                return AddressInUse(data.get(IP) or networks[0], f"is in use: {said}", networks=networks)
            case netweave.MacInUse():
                mac, port = why.facts.get("mac"), ":".join(why.facts.get("fq_name") or ())
                return AddressInUse(mac, f"is already the MAC address of {port}", networks=networks)
            case netweave.AddressOutside():
                return InvalidAnnotation(data.get(IP) or networks[0], f"is in no subnet: {said}")
            case netweave.InvalidReference() if why.facts.get("target") in networks:
                return NetworkNotFound("a network has gone:", said)
            case netweave.InvalidReference():
                return OvertakenError(said)
        return why

    async def _collision(self, entry: Entry, why: netweave.AlreadyExists) -> Exception:
        kind, data = entry["kind"], entry["data"]
        collision = NameCollision(":".join(data["fq_name"]), f"cannot be made: {PLACE.sub('', str(why), count=1)}")
        if why.uuid not in {None, data["uuid"]}:
            # A machine's name may be that of a namesake before it; whose it is shows the next look.
            return OvertakenError(str(collision)) if kind == MACHINE else collision
        try:
            found = await self._api.read(kind, data["uuid"], ["annotations"])
        except netweave.NotFound:
            return collision
        except netweave.VncError as unknown:
            return unknown
        ours = list(found["fq_name"]) == data["fq_name"] and (kind == ADDRESS or self._names.owns(found))
        return OvertakenError(str(collision)) if ours else collision


def _grouped(changes: Mapping[Key, list[Entry]]) -> list[list[Change]]:
    groups: list[list[Change]] = []
    room = 0
    for key, entries in changes.items():
        if len(entries) > room:
            groups.append([])
            room = MOST
        groups[-1].append((key, entries))
        room -= len(entries)
    return groups


def _fault(group: Sequence[Change], why: netweave.Refused) -> tuple[int, Entry | None]:
    """Which pod of the group, and which of its entries, the server refused."""
    index = (why.facts.get("entry") or {}).get("index")
    for at, (_, entries) in enumerate(group):
        if isinstance(index, int) and why.status < 500:
            if index < len(entries):
                return at, entries[index]
            index -= len(entries)
    return 0, None


def _as_hopeless(refused: Entry, others: Iterable[Change]) -> list[Key]:
    """Whose turn would have come later for an address of the same family of a network that has none left."""
    drawn = _draw(refused)
    return [key for key, entries in others if drawn in map(_draw, entries)] if drawn else []


def _draw(entry: Entry) -> tuple[str, str] | None:
    """Network and family of an address that whoever comes first gets."""
    data = entry["data"]
    if (entry["kind"], entry["operation"]) != (ADDRESS, "create") or IP in data:
        return None
    return str(data[NETWORKS][0]["uuid"]), str(data.get(FAMILY, ""))


def _made(entry: Entry, answer: dict[str, Any]) -> Rows:
    if entry["operation"] != "create":
        return []
    kind, data = entry["kind"], entry["data"]
    # What was asked for, and what the server made of it.
    return [(kind, {**data, **answer.get(kind, {})})]
