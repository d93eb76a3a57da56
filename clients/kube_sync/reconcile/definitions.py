"""Brings the network of one network-attachment-definition in step with it (B02 to B14, B40)."""

from collections.abc import Callable

import netweave
from kube_sync.cluster.cache import Cache
from kube_sync.cluster.source import Source
from kube_sync.model.names import FqName, Names
from kube_sync.model.networks import Made, Mapped, is_ours, network_of
from kube_sync.model.objects import Definition, Key
from kube_sync.model.refusals import NetworkInUse, ReservedName, TargetNotFound
from kube_sync.model.rules import NadDelete, OverlapPolicy, Rules
from kube_sync.reconcile.adoption import Adoption
from kube_sync.reconcile.claims import Claims
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.networks import NETWORK, Networks
from kube_sync.reconcile.notes import Notes
from kube_sync.reconcile.own import Own
from kube_sync.reconcile.projects import Projects


class Definitions:
    """Looks at one definition; what it cannot have is a Refusal. `on_freed` hears of networks that gave up addresses."""

    def __init__(
        self,
        api: ConfigApi,
        names: Names,
        source: Source,
        cache: Cache[Definition],
        projects: Projects,
        rules: Rules,
        own: Own,
        on_freed: Callable[[list[str]], None],
        holder_of: Callable[[FqName], Key | None],
        adoption: Adoption,
    ) -> None:
        self._adoption = adoption
        self._api = api
        self._names = names
        self._source = source
        self._cache = cache
        self._rules = rules
        self._on_freed = on_freed
        self._holder_of = holder_of
        self._networks = Networks(api, names, projects, own)
        self._claims = Claims(self._networks) if rules.overlap is OverlapPolicy.DENY else None
        self._notes = Notes(source)

    async def reconcile(self, key: Key) -> None:
        """Once it returns, the network is as the definition wants it."""
        definition = self._cache.get(key)
        if definition is None or definition.deleting:
            self._notes.forget(key)
            await self._remove(key, definition)
        elif not is_ours(definition):
            await self._give_back(definition)
        else:
            wanted = network_of(definition, self._names, self._rules)
            await (self._use(definition, wanted) if isinstance(wanted, Mapped) else self._make(definition, wanted))

    async def _make(self, definition: Definition, wanted: Made) -> None:
        await self._check_free(definition, wanted)
        holds = self._rules.nad_delete is NadDelete.HOLD
        if holds and not definition.held:
            await self._source.hold(definition)
        await self._adoption.of_definition(definition, wanted)
        if self._claims is None:
            changed = await self._networks.bring(definition, wanted)
        else:
            async with self._claims.of(definition.key, self._uuid(definition.key), [subnet.prefix for subnet in wanted.subnets]):
                changed = await self._networks.bring(definition, wanted)
        if changed:
            # Whoever waits for addresses here, or for this network to leave some alone, may have them now.
            self._on_freed([self._uuid(definition.key)])
        if definition.held and not holds:
            await self._source.release(definition)
        await self._notes.say(definition.key, definition.uid, wanted.notes, changed=changed)

    async def _check_free(self, definition: Definition, wanted: Made) -> None:
        """Whoever has a name keeps it; one that nobody has yet is an isolated namespace's (B09)."""
        if (holder := self._holder_of(wanted.fq_name)) and not await self._networks.is_there(definition.key):
            fault = f"would be {':'.join(wanted.fq_name)}, the network of isolated {holder}; choose another name"
            raise ReservedName(definition.key, fault)

    async def _use(self, definition: Definition, network: Mapped) -> None:
        """The target must be there; a network that the definition made before goes when its last pod has gone."""
        held_up: NetworkInUse | None = None
        try:
            await self._give_back(definition)
        except NetworkInUse as why:
            held_up = why
        try:
            await self._api.find(NETWORK, network.fq_name)
        except netweave.NotFound as why:
            name = ":".join(network.fq_name)
            raise TargetNotFound(name, "does not exist in the configuration API", networks=[name]) from why
        if held_up:
            raise held_up

    async def _give_back(self, definition: Definition) -> None:
        """What it made while it was another; a definition that never made a network costs one question."""
        if definition.held or await self._networks.is_there(definition.key):
            await self._remove(definition.key, definition)

    async def _remove(self, key: Key, definition: Definition | None) -> None:
        """The network and its IPAM, the definition last; nothing that is not ours (B03, B40)."""
        try:
            await self._networks.remove(key)
        except NetworkInUse as why:
            if definition is not None and definition.held:
                await self._source.tell_users(definition, why.users)
            raise
        if self._claims is not None:
            self._claims.drop(key)
        self._on_freed([self._uuid(key)])
        if definition is not None and definition.held:
            await self._source.release(definition)

    def _uuid(self, key: Key) -> str:
        return self._names.uuid("network", key.namespace, key.name)
