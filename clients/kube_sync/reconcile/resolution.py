"""From a pod's annotation to networks that exist: all of them, or a Refusal that names the one at fault (4.1)."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from kube_sync.cluster.cache import Cache
from kube_sync.cluster.source import Event, Source
from kube_sync.model.attachments import Attachment, attachments_of
from kube_sync.model.choices import Choice, check_apart, chosen
from kube_sync.model.documents import gateways_of
from kube_sync.model.names import FqName, Names
from kube_sync.model.networks import Made, Network, is_ours, network_of
from kube_sync.model.objects import DEFINITION, Definition, Key, Pod
from kube_sync.model.refusals import CrossNamespaceDenied, InvalidAnnotation, NetworkNotFound, NetworkPending, Refusal
from kube_sync.model.rules import Rules
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.default_networks import Default, DefaultNetworks, Row, Rows
from kube_sync.settings import InvalidAnnotations

NETWORK = "virtual-network"
FIELDS = ["annotations", "network_ipam_refs"]

Selected = list[tuple[Attachment, Network | None]]


class Resolution:
    """Asks the configuration API once for all networks of many pods."""

    def __init__(
        self,
        api: ConfigApi,
        names: Names,
        source: Source,
        definitions: Cache[Definition],
        rules: Rules,
        defaults: DefaultNetworks,
        ensure_default: Callable[[], Awaitable[None]],
        refusal_of: Callable[[Key], Refusal | None],
        *,
        invalid: InvalidAnnotations,
    ) -> None:
        self._api = api
        self._names = names
        self._source = source
        self._definitions = definitions
        self._rules = rules
        self._defaults = defaults
        self._ensure_default = ensure_default
        self._refusal_of = refusal_of
        self._lenient = invalid is InvalidAnnotations.DEFAULT_ONLY

    async def choices(self, pods: Iterable[Pod]) -> dict[Key, tuple[Choice, ...] | Exception]:
        """For each pod its default network, then those that it selects, in order; or why it cannot have them."""
        chosen: dict[Key, tuple[Choice, ...] | Exception] = {}
        selected: dict[Key, tuple[Default, Selected]] = {}
        for pod in pods:
            try:
                default = self._defaults.wanted(pod)
                selected[pod.key] = default, [(attachment, self._network(pod, attachment)) for attachment in await self._selection(pod)]
            except Refusal as why:
                chosen[pod.key] = why
        if selected:
            defaults = {default.fq_name for default, _ in selected.values()}
            rows = await self._rows(defaults, [each for _, several in selected.values() for each in several])
            for key, (default, several) in selected.items():
                try:
                    chosen[key] = self._choices(default, several, rows)
                except Refusal as why:
                    chosen[key] = why
        return chosen

    def selects(self, pod: Pod, choices: Iterable[Choice]) -> bool:
        """Whether the annotations still say what the choices were made from."""
        if not all(choice.attachment or self._defaults.agrees(pod, choice) for choice in choices):
            return False
        try:
            now = attachments_of(pod.selection, pod.key.namespace)
        except InvalidAnnotation:
            return self._lenient and not any(choice.attachment for choice in choices)
        return now == tuple(choice.attachment for choice in choices if choice.attachment)

    async def tell_drift(self, pod: Pod, choices: Iterable[Choice]) -> None:
        """The selection was edited: it stays what it was as long as the pod lives (S8)."""
        kept = ", ".join(choice.reference for choice in choices)
        message = f"networks cannot be added to or removed from a running pod: it keeps {kept}; recreate the pod to change them"
        await self._source.tell(Event(pod.key, pod.uid, "AttachmentDrift", message))

    async def _selection(self, pod: Pod) -> tuple[Attachment, ...]:
        """What the annotation selects: nothing where it cannot be read and that is to be told only (3.5)."""
        try:
            return attachments_of(pod.selection, pod.key.namespace)
        except InvalidAnnotation as why:
            if not self._lenient:
                raise
            message = f"{why}; the pod has its default network only, recreate it to change that"
            await self._source.tell(Event(pod.key, pod.uid, why.reason, message))
            return ()

    def _network(self, pod: Pod, attachment: Attachment) -> Network | None:
        """The network of the definition it names; None for one of another plug-in."""
        if not self._rules.lets_select(pod.key.namespace, attachment.namespace):
            fault = f"is of a namespace that does not share with {pod.key.namespace} (--nad-namespace-policy {self._rules.nad_namespaces})"
            raise CrossNamespaceDenied(attachment.reference, fault)
        definition = self._definitions.get(_definition(attachment))
        if definition is None:
            raise NetworkNotFound(attachment.reference, "is no network-attachment-definition (yet); the pod waits for it")
        if definition.deleting:
            raise NetworkNotFound(attachment.reference, "is being deleted; new pods cannot use it")
        try:
            return network_of(definition, self._names, self._rules) if is_ours(definition) else None
        except Refusal as why:
            raise NetworkNotFound(attachment.reference, f"has no network, {why.reason}: {why}") from why

    async def _rows(self, defaults: Iterable[FqName], selected: Selected) -> Rows:
        default = self._names.default_network
        fq_names = list(dict.fromkeys([default, *defaults, *(network.fq_name for _, network in selected if network)]))
        rows = await self._list(fq_names=fq_names)
        if default not in rows:
            await self._ensure_default()
            rows = await self._list(fq_names=fq_names)
        return rows | await self._renamed(selected, rows)

    def _choices(self, default: Default, selected: Selected, rows: Rows) -> tuple[Choice, ...]:
        first = self._defaults.choice(default, rows)
        choices = (first, *(self._choice(at, attachment, network, rows) for at, (attachment, network) in enumerate(selected, start=1)))
        check_apart(choices)
        return choices

    async def _renamed(self, selected: Selected, rows: Rows) -> Rows:
        """The networks of ours that do not have the name that they would get now: `--vn-name-template` was another when they were made."""
        made = [(attachment, network) for attachment, network in selected if isinstance(network, Made)]
        missed = [self._uuid(attachment) for attachment, network in made if not self._is_made_for(attachment, rows.get(network.fq_name))]
        return await self._list(obj_uuids=list(dict.fromkeys(missed))) if missed else {}

    async def _list(self, **which: Any) -> Rows:
        found = await self._api.list(NETWORK, fields=FIELDS, **which)
        return {place: row for row in found for place in (str(row["uuid"]), tuple(row["fq_name"]))}

    def _choice(self, position: int, attachment: Attachment, network: Network | None, rows: Rows) -> Choice:
        if network is None:
            return Choice(attachment.reference, attachment=attachment)
        row = rows.get(network.fq_name)
        if isinstance(network, Made):
            row = self._made(attachment, row, rows.get(self._uuid(attachment)))
        elif row is None:
            name = ":".join(network.fq_name)
            raise NetworkNotFound(attachment.reference, f"maps {name}, which does not exist; the pod waits for it", networks=[name])
        return chosen(position, attachment, row)

    def _made(self, attachment: Attachment, *rows: Row | None) -> Row:
        """The network that the definition makes, once it is there; that it has no subnets is so for a moment only (B12)."""
        for row in rows:
            if row is not None and self._is_made_for(attachment, row) and gateways_of(row):
                return row
        if why := self._refusal_of(_definition(attachment)):
            raise NetworkNotFound(attachment.reference, f"has no network, {why.reason}: {why}")
        raise NetworkPending(attachment.reference, "is on its way")

    def _is_made_for(self, attachment: Attachment, row: Row | None) -> bool:
        return row is not None and self._names.made_for(_definition(attachment), row)

    def _uuid(self, attachment: Attachment) -> str:
        return self._names.uuid("network", attachment.namespace, attachment.name)


def _definition(attachment: Attachment) -> Key:
    return Key(DEFINITION, attachment.namespace, attachment.name)
