"""Workloads that break one promise each."""

import asyncio
from functools import partial
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from attrs import evolve

from bluegreen.backends.memory import MemoryWorkloads, World, revision_of
from bluegreen.backends.memory.world import Revision
from bluegreen.errors import BackendError, Conflict, PermanentBackendError
from bluegreen.snapshot import RevisionState, WorkloadsState
from bluegreen.spec import RevisionId, Rollout
from tests.conformance.wrong import Lock, Wrong, detached, stubborn


class Renaming(MemoryWorkloads):
    """Makes the name of more than the template."""

    async def observe(self, rollout: Rollout) -> WorkloadsState:
        state = await super().observe(rollout)
        name = state.template if rollout.replicas == 2 else RevisionId(f"{state.template}-{rollout.replicas}")
        return evolve(state, template=name)


class Stamping(MemoryWorkloads):
    """Writes when it looks."""

    async def observe(self, rollout: Rollout) -> WorkloadsState:
        for one in self._world.revisions.values():
            if revision_of(rollout.template) not in self._world.revisions:
                one.version = self._world.token()
        return await super().observe(rollout)


class Obliging(MemoryWorkloads):
    """Makes whatever it is asked for, of whatever is declared."""

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        world = self._world
        ordinal = 1 + len(world.revisions)
        if revision not in world.revisions and revision != revision_of(rollout.template):
            world.revisions[revision] = Revision(revision, ordinal, rollout.template, world.token(), 0.1)
        await super().ensure(rollout, revision, replicas)


class Narrow(MemoryWorkloads):
    """Scales nothing up but what is declared: no way back."""

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        if revision != revision_of(rollout.template):
            raise Conflict("another revision is declared by now")
        await super().ensure(rollout, revision, replicas)


class Setting(MemoryWorkloads):
    """Sets the number of replicas instead of ensuring it."""

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        await super().ensure(rollout, revision, replicas)
        self._world.scale(self._world.revisions[revision], replicas)


class Scaling(MemoryWorkloads):
    """Sets the number of replicas instead of lowering it."""

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        await super().retire(revision, if_version=if_version, replicas=replicas)
        self._world.scale(self._world.revisions[revision], replicas)


class Ruthless(MemoryWorkloads):
    """Forgets a revision with all its replicas."""

    async def forget(self, revision: RevisionId, *, if_version: str) -> None:
        await self._world.call("workloads forget")
        known = self._world.revisions.get(revision)
        if known is not None and known.version != if_version:
            raise Conflict("it changed since it was read")
        self._world.revisions.pop(revision, None)


class Fussy(MemoryWorkloads):
    """Complains that what it is to forget is gone."""

    async def forget(self, revision: RevisionId, *, if_version: str) -> None:
        if revision not in self._world.revisions:
            raise BackendError("there is no such revision")
        await super().forget(revision, if_version=if_version)


class Renumbering(MemoryWorkloads):
    """Numbers a revision anew when it is wanted again, as Argo does after an undo."""

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        await super().ensure(rollout, revision, replicas)
        others = [one.ordinal for one in self._world.revisions.values() if one.id != revision]
        self._world.revisions[revision].ordinal = 1 + max(others, default=0)


class Counting(MemoryWorkloads):
    """Takes the number of revisions for the next ordinal."""

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        new = revision not in self._world.revisions
        await super().ensure(rollout, revision, replicas)
        if new:
            self._world.revisions[revision].ordinal = len(self._world.revisions)


class Altered(MemoryWorkloads):
    """Changes what every look shows of a revision."""

    def altered(self, state: RevisionState) -> RevisionState:
        """What is shown instead."""
        return evolve(state, template=None)

    async def observe(self, rollout: Rollout) -> WorkloadsState:
        state = await super().observe(rollout)
        return evolve(state, revisions=tuple(self.altered(one) for one in state.revisions))


class Everywhere(Altered):
    """Tells the addresses of replicas that are not available, too."""

    def altered(self, state: RevisionState) -> RevisionState:
        all_of_them = self._world.revisions[state.id].replicas
        return evolve(state, addresses=tuple(sorted(one.address for one in all_of_them)))


class Unsorted(Altered):
    """Tells addresses as they come."""

    def altered(self, state: RevisionState) -> RevisionState:
        return evolve(state, addresses=state.addresses[::-1])


class Hopeful(Altered):
    """Takes what is wanted for what is available."""

    def altered(self, state: RevisionState) -> RevisionState:
        return evolve(state, available=state.replicas)


class Impatient(MemoryWorkloads):
    """Takes ready for available."""

    async def observe(self, rollout: Rollout) -> WorkloadsState:
        return await super().observe(evolve(rollout, min_ready_seconds=0))


class Hashing(MemoryWorkloads):
    """Takes a hash of the content for a version."""

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        await super().ensure(rollout, revision, replicas)
        self._hash(revision)

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        await super().retire(revision, if_version=if_version, replicas=replicas)
        self._hash(revision)

    def _hash(self, revision: RevisionId) -> None:
        known = self._world.revisions[revision]
        known.version = f"sha256:{known.id}-{known.wanted}"


class Unmoved(MemoryWorkloads):
    """Writes nothing where nothing is to be changed."""

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        known = self._world.revisions.get(revision)
        if known is None or known.wanted < replicas:
            await super().ensure(rollout, revision, replicas)
        self._world.touch("workloads")


class Trusting(MemoryWorkloads):
    """Scales down whatever the version."""

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        known = self._world.revisions.get(revision)
        await super().retire(revision, if_version=known.version if known else if_version, replicas=replicas)


class TrustingForget(MemoryWorkloads):
    """Forgets whatever the version."""

    async def forget(self, revision: RevisionId, *, if_version: str) -> None:
        known = self._world.revisions.get(revision)
        await super().forget(revision, if_version=known.version if known else if_version)


class Cached(MemoryWorkloads):
    """Looks again only when it has written itself, or after a while."""

    _kept: WorkloadsState | None = None
    _until = 0.0

    async def observe(self, rollout: Rollout) -> WorkloadsState:
        if self._kept is None or self._world.time() > self._until:
            self._kept = await super().observe(rollout)
            self._until = self._world.time() + 0.3
        return evolve(self._kept, template=revision_of(rollout.template))

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        self._kept = None
        await super().ensure(rollout, revision, replicas)

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        self._kept = None
        await super().retire(revision, if_version=if_version, replicas=replicas)


class Racing(MemoryWorkloads):
    """Compares, and then writes."""

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        await self._world.call("workloads retire")
        known = self._world.revisions.get(revision)
        if known is None or known.version != if_version:
            raise Conflict("it changed since it was read")
        await asyncio.sleep(0.001)
        self._world.scale(known, min(known.wanted, replicas))


class Locking(MemoryWorkloads):
    """Keeps its lock when it is cancelled."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._lock = Lock()

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        await self._lock.held(partial(super().ensure, rollout, revision, replicas))


class Detached(MemoryWorkloads):
    """Goes on in a task when it is cancelled."""

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        await detached(partial(super().retire, revision, if_version=if_version, replicas=replicas))


class Stubborn(MemoryWorkloads):
    """Does not let itself be cancelled."""

    async def forget(self, revision: RevisionId, *, if_version: str) -> None:
        await stubborn(super().forget(revision, if_version=if_version))


class Halfway(MemoryWorkloads):
    """Notes that a revision is being made, and never again makes it when it was cancelled on the way."""

    _making: ClassVar[WeakKeyDictionary[World, set[RevisionId]]] = WeakKeyDictionary()

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        making = self._making.setdefault(self._world, set())
        if revision in making:
            return
        making.add(revision)
        try:
            await super().ensure(rollout, revision, replicas)
        except BackendError:
            making.remove(revision)
            raise
        making.remove(revision)


class Deaf(MemoryWorkloads):
    """Hears only what happens while it listens."""

    async def changed(self) -> None:
        self._seen = self._world.changes["workloads"]
        await super().changed()


class Clinging(MemoryWorkloads):
    """Takes a wait that was given up for a look."""

    _since = -1

    async def observe(self, rollout: Rollout) -> WorkloadsState:
        state = await super().observe(rollout)
        self._since = self._seen
        return state

    async def changed(self) -> None:
        try:
            await self._world.changed("workloads", self._since)
        except asyncio.CancelledError:
            self._since = -2
            raise
        if self._since == -2:
            await asyncio.Event().wait()


class Unable(MemoryWorkloads):
    """Takes what cannot be seen for nothing."""

    async def observe(self, rollout: Rollout) -> WorkloadsState:
        try:
            return await super().observe(rollout)
        except BackendError:
            return WorkloadsState(revision_of(rollout.template))


def raising(error: Exception) -> Any:
    """Workloads that raise this instead of a `BackendError`."""

    class Raising(MemoryWorkloads):
        async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
            try:
                await super().ensure(rollout, revision, replicas)
            except Conflict:
                raise
            except BackendError:
                raise error from None

    Raising.__name__ = f"Raising({error!r})"
    return Raising


OLD = "a scale-down with an old version is refused, and changes nothing"
NEW = "every write changes the version, to one never used before"
TOLD = "availability, addresses and templates are told"
MIN_READY = "nothing is available before it was ready for minReadySeconds"
ENSURE = "ensure makes the revision of the template, and no other"
FORGET = "only a revision without replicas is forgotten, and twice is no error"
ORDINALS = "ordinals grow, and never change"
CANCELLED = "cancelled at any await it stays usable, and a repeat repairs"
CHANGED = "a change is never missed"
ERRORS = "errors are BackendErrors in words, in time"
GIVEN_UP = PermanentBackendError("the network is down", remedy="mend it")
ONE_WINS = "of two scale-downs at once with one version, one wins"

WRONG = (
    Wrong(Renaming, "the same template always has the same name", "although the template did not"),
    Wrong(Stamping, "a look changes nothing", "observe changed"),
    Wrong(Obliging, ENSURE, "has to be refused and it was not"),
    Wrong(Narrow, ENSURE, "ensure of a revision that is there, once another is declared has to end well"),
    Wrong(Setting, "ensure never lowers", "asked for 1, a revision has 2 replicas, and observe shows 1"),
    Wrong(Scaling, "retire never raises", "asked for 3, a revision has 2 replicas, and observe shows 3"),
    Wrong(Ruthless, FORGET, "forget of a revision with replicas has to be refused"),
    Wrong(Fussy, FORGET, "forget of what is gone has to end well"),
    Wrong(Renumbering, ORDINALS, "writes changed the ordinals"),
    Wrong(Counting, ORDINALS, "is the youngest, and has ordinal 2 beside 2"),
    Wrong(Altered, TOLD, "was made from another template"),
    Wrong(Everywhere, TOLD, "a replica that failed is not available, nor its address told"),
    Wrong(Unsorted, TOLD, "addresses are sorted"),
    Wrong(Hopeful, TOLD, "a replica that failed is not available", {MIN_READY}),
    Wrong(Impatient, MIN_READY, "with minReadySeconds 3600 nothing is available yet"),
    Wrong(Hashing, NEW, "a version came again", {OLD}),
    Wrong(Unmoved, NEW, "or did not change with a write", {OLD}),
    Wrong(Trusting, OLD, "retire with a version from before ensure has to be refused"),
    Wrong(TrustingForget, OLD, "forget of an empty revision with a version that does not hold"),
    Wrong(Cached, "a look after a write shows it", "observe shows it 0 times", {TOLD, OLD, ERRORS}),
    Wrong(Racing, ONE_WINS, "both won"),
    Wrong(Locking, CANCELLED, "no answer in time: ensure 2 replicas"),
    Wrong(Detached, CANCELLED, "tasks go on running"),
    Wrong(Stubborn, CANCELLED, "went on as if nothing had been"),
    Wrong(Halfway, CANCELLED, "observe shows it 0 times"),
    Wrong(Deaf, CHANGED, "changed(), begun after a revision was ensured"),
    Wrong(Clinging, CHANGED, "after one that was cancelled"),
    Wrong(Unable, ERRORS, "and it was not: WorkloadsState"),
    Wrong(raising(ConnectionError("the connection was refused")), ERRORS, "raises BackendError, and ConnectionError"),
    Wrong(raising(GIVEN_UP), ERRORS, "may be reached later, and"),
    Wrong(raising(BackendError("503")), ERRORS, "does not say in words"),
    Wrong(raising(Conflict("it changed since it was read")), ERRORS, "raises BackendError, and Conflict"),
)
