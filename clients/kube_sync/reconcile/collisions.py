"""Who has a name that is needed, in words (B11)."""

from kube_sync.model.names import FqName, Names, annotations_of
from kube_sync.model.objects import Key
from kube_sync.model.refusals import NameCollision
from kube_sync.reconcile.config import ConfigApi


async def collision(api: ConfigApi, names: Names, kind: str, fq_name: FqName) -> NameCollision:
    """The refusal of whoever needs the name too; another object of the cluster is told by its key."""
    rows = await api.list(kind, fq_names=[fq_name], fields=["annotations"])
    if not rows or not names.owns(rows[0]):
        return NameCollision(":".join(fq_name), f"is a {kind} of somebody else: it is neither used nor changed")
    marks = annotations_of(rows[0])
    return NameCollision(":".join(fq_name), f"is the {kind} of {Key(marks['kind'], marks['namespace'], marks['name'])}, which had it first")
