"""Routers that break one promise each, and one whose preview slot lives in an object of its own, which keeps them."""

import asyncio
from collections.abc import Collection
from functools import partial
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from attrs import evolve

from bluegreen.backends.memory import MemoryRouter, World
from bluegreen.errors import BackendError, Conflict
from bluegreen.snapshot import NOTHING, RouterState, Slot, Target
from bluegreen.spec import RevisionId
from tests.conformance.wrong import Lock, Wrong, detached, stubborn


class Split(MemoryRouter):
    """Keeps every rule; each slot is an object with a version of its own."""

    _tokens: ClassVar[WeakKeyDictionary[World, dict[Slot, str]]] = WeakKeyDictionary()

    @property
    def tokens(self) -> dict[Slot, str]:
        """The version of each slot."""
        return self._tokens.setdefault(self._world, {slot: self._world.token() for slot in Slot})

    async def observe(self) -> RouterState:
        state = await super().observe()
        return evolve(state, version=self.tokens[Slot.ACTIVE], preview_version=self.tokens[Slot.PREVIEW])

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        await self._world.call(f"layer {self.name} point")
        if not self.holds(slot, if_version):
            raise Conflict(f"{slot} changed since it was read")
        self.renew(slot)
        self._world.show(self.name, slot, revision)

    def holds(self, slot: Slot, version: str) -> bool:
        """Whether a write may carry this version."""
        return version == self.tokens[slot]

    def renew(self, slot: Slot) -> None:
        """Gives the slot a new version."""
        self.tokens[slot] = self._world.token()


class Either(Split):
    """Takes the version of either slot for both."""

    def holds(self, slot: Slot, version: str) -> bool:
        return version in self.tokens.values()


class Together(Split):
    """Writes both objects when one was meant."""

    def renew(self, slot: Slot) -> None:
        for one in Slot:
            self.tokens[one] = self._world.token()


class Stamping(MemoryRouter):
    """Writes when it looks."""

    async def observe(self) -> RouterState:
        self._world.layers[self.name].version = self._world.token()
        return await super().observe()


class Both(MemoryRouter):
    """Takes preview along when active moves."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        await super().point(slot, revision, if_version=if_version)
        if slot is Slot.ACTIVE:
            self._world.layers[self.name].preview = revision


class Cached(MemoryRouter):
    """Looks again only when it has written itself, or after a while."""

    _kept: RouterState | None = None
    _until = 0.0

    async def observe(self) -> RouterState:
        if self._kept is None or self._world.time() > self._until:
            self._kept = await super().observe()
            self._until = self._world.time() + 0.3
        return self._kept

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        self._kept = None
        await super().point(slot, revision, if_version=if_version)

    async def prepare(self, targets: Collection[Target]) -> None:
        self._kept = None
        await super().prepare(targets)


class Hashing(MemoryRouter):
    """Takes a hash of the content for a version, as Caddy's ETag is one."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        await super().point(slot, revision, if_version=if_version)
        layer = self._world.layers[self.name]
        layer.version = f"sha256:{layer.active}-{layer.preview}"


class Unmoved(MemoryRouter):
    """Writes nothing where nothing is to be changed."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        layer = self._world.layers[self.name]
        unmoved = (layer.active if slot is Slot.ACTIVE else layer.preview) == revision
        await super().point(slot, revision, if_version=if_version)
        layer.version = if_version if unmoved else layer.version


class Trusting(MemoryRouter):
    """Writes whatever the version."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        await self._world.call(f"layer {self.name} point")
        self._world.show(self.name, slot, revision)


class Terse(MemoryRouter):
    """Refuses without a word."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        try:
            await super().point(slot, revision, if_version=if_version)
        except Conflict:
            raise Conflict("412") from None


class Possessive(MemoryRouter):
    """Counts the writes of its own kind for a version, and takes no note of anybody else's."""

    _counts: ClassVar[WeakKeyDictionary[World, int]] = WeakKeyDictionary()

    async def observe(self) -> RouterState:
        return evolve(await super().observe(), version=f"write {self._counts.get(self._world, 0)}")

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        await self._world.call(f"layer {self.name} point")
        count = self._counts.get(self._world, 0)
        if if_version != f"write {count}":
            raise Conflict("it changed since it was read")
        self._counts[self._world] = count + 1
        self._world.show(self.name, slot, revision)


class Racing(MemoryRouter):
    """Compares, and then writes."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        await self._world.call(f"layer {self.name} point")
        if self._world.layers[self.name].version != if_version:
            raise Conflict("it changed since it was read")
        await asyncio.sleep(0.001)
        self._world.show(self.name, slot, revision)


class Moving(MemoryRouter):
    """Points preview at whatever it prepares first."""

    async def prepare(self, targets: Collection[Target]) -> None:
        await super().prepare(targets)
        layer = self._world.layers[self.name]
        if targets and isinstance(layer.preview, str):
            layer.preview = next(iter(targets)).revision


class Hoarding(MemoryRouter):
    """Forgets no address."""

    async def prepare(self, targets: Collection[Target]) -> None:
        known = {one.revision: one for one in self._world.layers[self.name].prepared}
        await super().prepare({**known, **{one.revision: one for one in targets}}.values())


class Adding(MemoryRouter):
    """Does not notice that a revision has other addresses by now."""

    async def prepare(self, targets: Collection[Target]) -> None:
        known = {one.revision: one for one in self._world.layers[self.name].prepared}
        await super().prepare([known.get(one.revision, one) for one in targets])


class Literal(MemoryRouter):
    """Drops what a slot shows when it is not asked for it."""

    async def prepare(self, targets: Collection[Target]) -> None:
        await super().prepare(targets)
        self._world.layers[self.name].prepared = frozenset(targets)


class Never(MemoryRouter):
    """Never says that it has converged."""

    async def observe(self) -> RouterState:
        return evolve(await super().observe(), converged=False)


class Boasting(MemoryRouter):
    """Says that it has converged before it has."""

    async def observe(self) -> RouterState:
        return evolve(await super().observe(), converged=True)


class Locking(MemoryRouter):
    """Keeps its lock when it is cancelled."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        self._lock = Lock()

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        await self._lock.held(partial(super().point, slot, revision, if_version=if_version))


class Detached(MemoryRouter):
    """Goes on in a task when it is cancelled."""

    async def observe(self) -> RouterState:
        return await detached(super().observe)


class Stubborn(MemoryRouter):
    """Does not let itself be cancelled."""

    async def prepare(self, targets: Collection[Target]) -> None:
        await stubborn(super().prepare(targets))


class Halfway(MemoryRouter):
    """Takes the other slot away while it writes one."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        layer = self._world.layers[self.name]
        before = layer.preview
        if slot is Slot.ACTIVE and layer.version == if_version and before == layer.active:
            layer.preview = NOTHING
            await self._call_back(before)
        await super().point(slot, revision, if_version=if_version)

    async def _call_back(self, before: Any) -> None:
        await asyncio.sleep(0.001)
        self._world.layers[self.name].preview = before


class Deaf(MemoryRouter):
    """Hears only what happens while it listens."""

    async def changed(self) -> None:
        self._seen = self._world.changes[self.name]
        await super().changed()


class Unable(MemoryRouter):
    """Takes what cannot be seen for nothing."""

    async def observe(self) -> RouterState:
        try:
            return await super().observe()
        except BackendError:
            return RouterState(NOTHING, "")


class Raw(MemoryRouter):
    """Lets its library's errors through."""

    async def prepare(self, targets: Collection[Target]) -> None:
        try:
            await super().prepare(targets)
        except BackendError:
            raise ConnectionError("the connection was refused") from None


class Careless(MemoryRouter):
    """Says drained whatever is in flight."""

    async def observe(self) -> RouterState:
        return evolve(await super().observe(), drained=True)


class Undrained(MemoryRouter):
    """Never says drained."""

    async def observe(self) -> RouterState:
        return evolve(await super().observe(), drained=False)


NEW = "every write changes the version, to one never used before"
OLD = "a write with an old version is refused, and changes nothing"
EDITS = "somebody else's edit is seen, and ends older versions"
ONE_WINS = "of two writes at once with one version, one wins"
OWN = "a preview in an object of its own has a version of its own"
SEEN = "a look after a write shows it"
MOVES = "prepare moves no traffic"
ONLY = "prepare makes these revisions addressable, and only these"
STAYS = "what a slot shows stays addressable"
CONVERGED = "in the end it has converged, and traffic has followed"
CANCELLED = "cancelled at any await it stays usable, and a repeat repairs"
CHANGED = "a change is never missed"
DRAINED = "a layer is not drained while a request is in flight"
ERRORS = "errors are BackendErrors in words, in time"
LOOK = "a look changes nothing"
ONE_SLOT = "a write moves one slot, and the other stays"

WRONG = (
    Wrong(Stamping, LOOK, "observe changed", {OLD, EDITS}),
    Wrong(Both, ONE_SLOT, "active was pointed elsewhere: preview has to show", {CANCELLED}),
    Wrong(Cached, SEEN, "another adapter looks right after the write", {EDITS, ERRORS}),
    Wrong(Hashing, NEW, "a version of active came again", {OLD}),
    Wrong(Unmoved, NEW, "or did not change with a write"),
    Wrong(Trusting, OLD, "point active with a version that does not hold has to be refused", {ONE_WINS, EDITS}),
    Wrong(Terse, OLD, "'412' does not say in words", {EDITS}),
    Wrong(Possessive, EDITS, "has to be refused"),
    Wrong(Racing, ONE_WINS, "both won"),
    Wrong(Moving, MOVES, "were prepared: preview has to show", {STAYS}),
    Wrong(Hoarding, ONLY, "these, and only these, were asked for", {STAYS}),
    Wrong(Adding, ONLY, "these, and only these, were asked for"),
    Wrong(Literal, STAYS, "what a slot shows stays, asked for or not", {MOVES}),
    Wrong(Never, CONVERGED, "it did not come true that the layer converges", {MOVES, DRAINED}),
    Wrong(Boasting, CONVERGED, "and revision None answers", {MOVES}),
    Wrong(Careless, DRAINED, "and a look says drained"),
    Wrong(Undrained, DRAINED, "it did not come true that the layer is drained"),
    Wrong(Locking, CANCELLED, "no answer in time: point active"),
    Wrong(Detached, CANCELLED, "tasks go on running"),
    Wrong(Stubborn, CANCELLED, "went on as if nothing had been"),
    Wrong(Halfway, CANCELLED, "the other slot stays"),
    Wrong(Deaf, CHANGED, "no answer in time: changed()"),
    Wrong(Unable, ERRORS, "and it was not: RouterState"),
    Wrong(Raw, ERRORS, "raises BackendError, and ConnectionError"),
)

WRONG_SPLIT = (
    Wrong(Either, OWN, "has to be refused"),
    Wrong(Together, OWN, "a write of active changed the version of preview"),
)
