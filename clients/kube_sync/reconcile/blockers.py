"""Who keeps an object of the configuration API from being removed, in words."""

from collections import defaultdict
from dataclasses import dataclass

import netweave
from kube_sync.model.names import Names, annotations_of
from kube_sync.model.objects import POD
from kube_sync.reconcile.config import ConfigApi

TOLD = 20  # more are counted, not named
ADDRESS = "instance-ip"


@dataclass(frozen=True)
class Blockers:
    """Those in the way."""

    text: str
    ours: bool  # whether one of them was made by this worker, and so will go by itself


async def blockers_of(api: ConfigApi, names: Names, why: netweave.ChildrenPresent | netweave.StillReferenced) -> Blockers:
    """Pods by their names, anything else by kind and name; addresses only where nothing else is in the way."""
    links = [(str(kind), str(uuid)) for kind, uuid in (href.rsplit("/", 2)[-2:] for href in why.blocking)]
    links = [link for link in links if link[0] != ADDRESS] or links
    uuids: dict[str, list[str]] = defaultdict(list)
    for kind, uuid in links[:TOLD]:
        uuids[kind].append(uuid)
    told: set[str] = set()
    ours = False
    for kind, some in uuids.items():
        for row in await api.list(kind, obj_uuids=some, fields=["annotations"]):
            marks, mine = annotations_of(row), names.owns(row)
            ours |= mine
            pod = mine and marks.get("kind") == POD
            told.add(f"{marks['namespace']}/{marks['name']}" if pod else f"{kind} {':'.join(row['fq_name'])}")
    more = len(links) - TOLD
    return Blockers(", ".join(sorted(told)) + (f" and {more} more" if more > 0 else ""), ours)
