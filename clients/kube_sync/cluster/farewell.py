"""What must go from a cluster before the worker does for good: the finalizer on its definitions, which nobody else would take away."""

from collections.abc import AsyncIterator, Callable

from kube_sync.cluster.api import KubeApi, KubeError, RefusedError
from kube_sync.model.objects import FINALIZER, USERS, Definition, definition_of

GROUP = "/apis/k8s.cni.cncf.io/v1"
DEFINITIONS = "network-attachment-definitions"
PAGE = "500"
TRIES = 5  # somebody may edit a definition at the same moment


async def release_finalizers(api: KubeApi, namespace: str | None, say: Callable[[str], None]) -> bool:
    """
    Take it off every definition (of one namespace), telling each; whether no definition has it any more. One that cannot be let go of
    keeps none of the others. What the configuration API has is left as it is: it need not even run.
    """
    released = failed = 0
    async for definition in _definitions(api, namespace):
        if not definition.held:
            continue
        try:
            await _release(api, definition)
        except KubeError as why:
            failed += 1
            say(f"{definition.key}: kept: {why}")
        else:
            released += 1
            say(f"{definition.key}: released")
    say(f"{released} released, {failed} kept")
    return not failed


async def _definitions(api: KubeApi, namespace: str | None) -> AsyncIterator[Definition]:
    path, token = f"{GROUP}/namespaces/{namespace}/{DEFINITIONS}" if namespace else f"{GROUP}/{DEFINITIONS}", ""
    while True:
        try:
            page = await api.get(path, limit=PAGE, **({"continue": token} if token else {}))
        except RefusedError as why:
            if why.status == 404:
                return  # a cluster without the CustomResourceDefinition has no definitions
            raise
        for document in page.get("items") or ():
            yield definition_of(document)
        token = page["metadata"].get("continue", "")
        if not token:
            return


async def _release(api: KubeApi, definition: Definition) -> None:
    """By the version that was seen, so that a finalizer which somebody adds meanwhile stays."""
    path = f"{GROUP}/namespaces/{definition.key.namespace}/{DEFINITIONS}/{definition.key.name}"
    tries_left = TRIES
    while definition.held:
        others = [name for name in definition.finalizers if name != FINALIZER]
        metadata = {"resourceVersion": definition.version, "finalizers": others, "annotations": {USERS: None}}
        try:
            definition = definition_of(await api.patch(path, {"metadata": metadata}))
        except RefusedError as why:
            tries_left -= 1
            if why.status == 404:
                return
            if why.status != 409 or not tries_left:
                raise
            definition = definition_of(await api.get(path))
