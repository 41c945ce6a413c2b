"""Workloads that break a promise more quietly: beside what they were asked, or after they have refused it."""

from typing import ClassVar
from weakref import WeakKeyDictionary

from attrs import evolve

from bluegreen.backends.memory import MemoryWorkloads, World, revision_of
from bluegreen.backends.memory.world import Revision
from bluegreen.errors import BackendError, Conflict
from bluegreen.snapshot import RevisionState, WorkloadsState
from bluegreen.spec import RevisionId, Rollout
from tests.conformance.on_memory import ROLLOUTS
from tests.conformance.wrong import Wrong
from tests.conformance.wrong_workloads import ENSURE, ERRORS, FORGET, OLD, ORDINALS, TOLD, Altered

SEEN = "a look after a write shows it"


class Leaving(MemoryWorkloads):
    """Refuses what it has half made."""

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        world = self._world
        if revision not in world.revisions and revision != revision_of(rollout.template):
            world.revisions[revision] = Revision(revision, 1, rollout.template, world.token(), 0.1)
            raise Conflict("another revision is declared by now")
        await super().ensure(rollout, revision, replicas)


class Idle(MemoryWorkloads):
    """Does nothing, without a word, to a revision that is not declared."""

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        if revision == revision_of(rollout.template) or revision not in self._world.revisions:
            await super().ensure(rollout, revision, replicas)


class Hasty(MemoryWorkloads):
    """Takes the replicas before it finds that it must not forget them."""

    async def forget(self, revision: RevisionId, *, if_version: str) -> None:
        known = self._world.revisions.get(revision)
        if known is not None and known.wanted and known.version == if_version:
            self._world.scale(known, 0)
            raise Conflict("the revision still had replicas")
        await super().forget(revision, if_version=if_version)


class Sweeping(MemoryWorkloads):
    """Forgets all when it is to forget one."""

    async def forget(self, revision: RevisionId, *, if_version: str) -> None:
        before = set(self._world.revisions)
        await super().forget(revision, if_version=if_version)
        if set(self._world.revisions) != before:
            self._world.revisions.clear()


class Backwards(Altered):
    """Counts down."""

    def altered(self, state: RevisionState) -> RevisionState:
        return evolve(state, ordinal=-state.ordinal)


class Portless(Altered):
    """Leaves the port away."""

    def altered(self, state: RevisionState) -> RevisionState:
        return evolve(state, addresses=tuple(one.split(":")[0] for one in state.addresses))


class Sharing(Altered):
    """Tells the address of a proxy before all of them."""

    def altered(self, state: RevisionState) -> RevisionState:
        return evolve(state, addresses=tuple(f"10.9.9.9:{80 + n}" for n in range(len(state.addresses))))


class Declared(MemoryWorkloads):
    """Shows the declared template, whichever made a revision."""

    async def observe(self, rollout: Rollout) -> WorkloadsState:
        state = await super().observe(rollout)
        revisions = tuple(evolve(one, template=ROLLOUTS[0].template) for one in state.revisions)
        return evolve(state, revisions=revisions)


class Indifferent(MemoryWorkloads):
    """Finds nothing wrong with retiring what is not there."""

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        if revision in self._world.revisions:
            await super().retire(revision, if_version=if_version, replicas=replicas)


class Marking(MemoryWorkloads):
    """Leaves a trace of what it has refused."""

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        known = self._world.revisions.get(revision)
        if known is not None and known.version != if_version:
            known.version = self._world.token()
        await super().retire(revision, if_version=if_version, replicas=replicas)


class Possessive(MemoryWorkloads):
    """Takes no note of anybody else's edit in its versions."""

    _ours: ClassVar[WeakKeyDictionary[World, dict[RevisionId, str]]] = WeakKeyDictionary()

    def _versions(self) -> dict[RevisionId, str]:
        return self._ours.setdefault(self._world, {})

    async def observe(self, rollout: Rollout) -> WorkloadsState:
        state = await super().observe(rollout)
        ours = self._versions()
        revisions = tuple(evolve(one, version=ours.get(one.id, one.version)) for one in state.revisions)
        return evolve(state, revisions=revisions)

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        await super().ensure(rollout, revision, replicas)
        self._versions()[revision] = self._world.revisions[revision].version

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        known = self._world.revisions.get(revision)
        if known is not None and if_version == self._versions().get(revision):
            if_version = known.version
        await super().retire(revision, if_version=if_version, replicas=replicas)
        self._versions()[revision] = self._world.revisions[revision].version

    async def forget(self, revision: RevisionId, *, if_version: str) -> None:
        known = self._world.revisions.get(revision)
        if known is not None and if_version == self._versions().get(revision):
            if_version = known.version
        await super().forget(revision, if_version=if_version)
        self._versions().pop(revision, None)


class Neighbourly(MemoryWorkloads):
    """Retires the others along with it."""

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        await super().retire(revision, if_version=if_version, replicas=replicas)
        for one in self._world.revisions.values():
            one.wanted = min(one.wanted, replicas)


class Unsaid(MemoryWorkloads):
    """Says nothing of a retirement that could not be."""

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        try:
            await super().retire(revision, if_version=if_version, replicas=replicas)
        except Conflict:
            raise
        except BackendError:
            return


class Unfelt(MemoryWorkloads):
    """Says that nothing could be done, and has done it."""

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        try:
            await super().ensure(rollout, revision, replicas)
        except BackendError:
            if revision in self._world.revisions:
                self._world.scale(self._world.revisions[revision], replicas)
            raise


SLY = (
    Wrong(Leaving, ENSURE, "ensure was refused, and a revision is there all the same"),
    Wrong(Idle, ENSURE, "once another template is declared and it was ensured, a revision has 2 replicas"),
    Wrong(Hasty, FORGET, "after a forget that was refused a revision has 1 replicas", {ERRORS}),
    Wrong(Sweeping, FORGET, "one revision of two was forgotten, and these are left: []", {ORDINALS}),
    Wrong(Backwards, ORDINALS, "ordinals grow, and"),
    Wrong(Portless, TOLD, "addresses are host:port"),
    Wrong(Sharing, TOLD, "two revisions have an address in common"),
    Wrong(Declared, TOLD, "shows another template"),
    Wrong(Indifferent, OLD, "retire of a revision that is not there has to be refused"),
    Wrong(Marking, OLD, "was refused, and changed"),
    Wrong(Possessive, OLD, "from before somebody else's edit has to be refused"),
    Wrong(Neighbourly, SEEN, "writes to one revision changed another", {FORGET}),
    Wrong(Unsaid, ERRORS, "retire, of a system that cannot be reached, and it was not"),
    Wrong(Unfelt, ERRORS, "calls that failed changed 1 replica to 2"),
)
