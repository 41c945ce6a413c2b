"""The ports over a world in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bluegreen.backends.memory.world import Revision, World, revision_of
from bluegreen.errors import Conflict, RecordConflict
from bluegreen.ports import Stored
from bluegreen.record import Record
from bluegreen.snapshot import RouterState, Slot, Target, WorkloadsState
from bluegreen.spec import JSON, RevisionId, Rollout


class MemoryWorkloads:
    """Revisions in memory. Keeps every promise of the `Workloads` port."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen = -1
        self._named: tuple[Mapping[str, JSON], RevisionId] | None = None

    async def observe(self, rollout: Rollout) -> WorkloadsState:
        """The revisions as they are now."""
        await self._world.call("workloads observe")
        self._seen = self._world.changes["workloads"]
        self._world.min_ready_seconds = rollout.min_ready_seconds
        states = tuple(self._world.state(one) for one in self._world.revisions.values())
        if self._named is None or self._named[0] is not rollout.template:
            self._named = rollout.template, revision_of(rollout.template)
        return WorkloadsState(self._named[1], states)

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        """At least so many replicas, and a new token."""
        await self._world.call("workloads ensure")
        world = self._world
        known = world.revisions.get(revision)
        if known is None:
            if revision != revision_of(rollout.template):
                raise Conflict(f"revision {revision} is gone, and the declared template makes another one")
            ordinal = 1 + max((one.ordinal for one in world.revisions.values()), default=0)
            template = rollout.template
            manners = world.ready_after(template), world.dies_after(template)
            known = Revision(revision, ordinal, template, world.token(), *manners)
            world.revisions[revision] = known
        world.scale(known, max(known.wanted, replicas))

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        """At most so many replicas, if the token still holds."""
        await self._world.call("workloads retire")
        known = self._world.revisions.get(revision)
        if known is None or known.version != if_version:
            raise Conflict(f"revision {revision} changed since it was read")
        self._world.scale(known, min(known.wanted, replicas))

    async def forget(self, revision: RevisionId, *, if_version: str) -> None:
        """Drops a revision without replicas, if the token still holds."""
        await self._world.call("workloads forget")
        known = self._world.revisions.get(revision)
        if known is None:
            return
        if known.version != if_version or known.wanted:
            raise Conflict(f"revision {revision} changed since it was read")
        del self._world.revisions[revision]
        self._world.touch("workloads")

    async def changed(self) -> None:
        """Returns at the next change of any revision."""
        await self._world.changed("workloads", self._seen)


class MemoryRouter:
    """One layer in memory. Keeps every promise of the `Router` port."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._seen = -1
        self.name = name

    async def observe(self) -> RouterState:
        """The layer as it is now."""
        await self._world.call(f"layer {self.name} observe")
        self._seen = self._world.changes[self.name]
        layer, now = self._world.layers[self.name], self._world.time()
        return RouterState(
            active=layer.active,
            preview=layer.preview,
            version=layer.version,
            converged=now >= layer.converged_at,
            probed=layer.probed,
            prepared=layer.prepared if layer.needs_preparing else None,
            drained=now >= layer.in_flight_until,
        )

    async def prepare(self, targets: Collection[Target]) -> None:
        """Makes these revisions addressable; what a slot shows stays so."""
        await self._world.call(f"layer {self.name} prepare")
        layer = self._world.layers[self.name]
        if not layer.needs_preparing:
            return
        wanted = {one.revision: one for one in targets}
        for one in layer.prepared:
            if one.revision in (layer.active, layer.preview):
                wanted.setdefault(one.revision, one)
        layer.prepared = frozenset(wanted.values())
        layer.version = self._world.token()
        self._world.touch(self.name)

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        """Writes the slot, if the token still holds."""
        await self._world.call(f"layer {self.name} point")
        if self._world.layers[self.name].version != if_version:
            raise Conflict(f"layer {self.name} changed since it was read")
        self._world.show(self.name, slot, revision)

    async def changed(self) -> None:
        """Returns at the next change of this layer."""
        await self._world.changed(self.name, self._seen)


class MemoryRecords:
    """The record and the rollout in memory. Keeps every promise of the `Records` port."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen = -1

    async def load(self) -> Stored:
        """What was saved last."""
        await self._world.call("records load")
        self._seen = self._world.changes["records"]
        return self._world.stored

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        """Saves both, if the token still holds."""
        await self._world.call("records save")
        if self._world.stored.version != if_version:
            raise RecordConflict("the record was saved by somebody else since it was read")
        self._world.stored = Stored(self._world.token(), record, rollout)
        self._world.touch("records")
        self._seen = self._world.changes["records"]
        return self._world.stored.version

    async def changed(self) -> None:
        """Returns when somebody else has saved."""
        await self._world.changed("records", self._seen)
