"""Routers that break a promise more quietly: beside what they were asked, or after they have refused it."""

from collections.abc import Collection
from typing import ClassVar
from weakref import WeakKeyDictionary

from attrs import evolve

from bluegreen.backends.memory import MemoryRouter, World
from bluegreen.errors import BackendError, Conflict, PermanentBackendError
from bluegreen.snapshot import RouterState, Slot, Target
from bluegreen.spec import RevisionId
from tests.conformance.wrong import Wrong
from tests.conformance.wrong_routers import EDITS, ERRORS, MOVES, OLD, ONE_WINS, OWN, Split


class Marking(MemoryRouter):
    """Leaves a trace of what it has refused."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        layer = self._world.layers[self.name]
        if layer.version != if_version:
            layer.version = self._world.token()
        await super().point(slot, revision, if_version=if_version)


class Sly(MemoryRouter):
    """Refuses, and does it all the same."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        try:
            await super().point(slot, revision, if_version=if_version)
        except Conflict:
            self._world.layers[self.name].active = revision
            raise


class Unseeing(MemoryRouter):
    """Shows what was written through it, and nothing that others edit."""

    _written: ClassVar[WeakKeyDictionary[World, dict[Slot, RevisionId]]] = WeakKeyDictionary()

    async def observe(self) -> RouterState:
        ours = self._written.get(self._world, {})
        state = await super().observe()
        return evolve(state, active=ours.get(Slot.ACTIVE, state.active), preview=ours.get(Slot.PREVIEW, state.preview))

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        await super().point(slot, revision, if_version=if_version)
        self._written.setdefault(self._world, {})[slot] = revision


class Crossed(Split):
    """Takes preview's version for both slots, where that is free of charge."""

    def holds(self, slot: Slot, version: str) -> bool:
        return super().holds(slot, version) or (slot is Slot.ACTIVE and version == self.tokens[Slot.PREVIEW])


class Pulled(Split):
    """Writes the object of active when preview was meant, too."""

    def renew(self, slot: Slot) -> None:
        for one in (Slot.ACTIVE, slot):
            self.tokens[one] = self._world.token()


class Unsaid(MemoryRouter):
    """Says nothing of a write that could not be."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        try:
            await super().point(slot, revision, if_version=if_version)
        except Conflict:
            raise
        except BackendError:
            return


class Unfelt(MemoryRouter):
    """Says that nothing could be done, and has done it."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        try:
            await super().point(slot, revision, if_version=if_version)
        except Conflict:
            raise
        except BackendError:
            self._world.show(self.name, slot, revision)
            raise


class Dark(MemoryRouter):
    """Lets traffic go when it prepares, and still shows the slot as it was."""

    async def prepare(self, targets: Collection[Target]) -> None:
        await super().prepare(targets)
        layer = self._world.layers[self.name]
        layer.converged_at = self._world.time() + (0.0 if len(targets) == 3 else 60.0)


class Resigned(MemoryRouter):
    """Takes a layer that cannot be reached now for one that never can."""

    async def observe(self) -> RouterState:
        try:
            return await super().observe()
        except BackendError as error:
            raise PermanentBackendError(str(error), remedy="mend the network") from None


SLY = (
    Wrong(Resigned, ERRORS, "may be reached later, and"),
    Wrong(Marking, OLD, "was refused, and changed the version", {EDITS}),
    Wrong(Sly, OLD, "was refused: active has to show", {EDITS, ONE_WINS}),
    Wrong(Unseeing, EDITS, "somebody else pointed the slot there"),
    Wrong(Dark, MOVES, "after a prepare that does not name what the slot shows"),
    Wrong(Unsaid, ERRORS, "point, of a system that cannot be reached, and it was not"),
    Wrong(Unfelt, ERRORS, "calls failed while the layer could not be reached"),
)

SLY_SPLIT = (
    Wrong(Crossed, OWN, "point active with a version that does not hold has to be refused"),
    Wrong(Pulled, OWN, "a write of preview changed the version of active"),
)
