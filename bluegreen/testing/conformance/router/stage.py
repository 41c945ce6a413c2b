"""A layer for the rules for routers, and calls on it that have to end well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager

from attrs import frozen

from bluegreen.ports import Router
from bluegreen.snapshot import RouterState, Shown, Slot, Target
from bluegreen.spec import RevisionId
from bluegreen.testing.conformance.calling import Calls, must


@frozen
class Stage:
    """A layer of its own, the adapter on it, and what else the rules may do there; None where that cannot be done.

    `another` is a second adapter on the same layer, as another engine has one. `point_elsewhere` is somebody else's
    edit of a slot. `answers` says which revision answers a new connection to a slot, None when none does. While `cut`
    lasts the layer cannot be reached. While `busy` lasts, a request is in flight to the revision that active showed
    when it began: for layers that know.
    """

    router: Router
    another: Router | None = None
    point_elsewhere: Callable[[Slot, RevisionId], Awaitable[None]] | None = None
    answers: Callable[[Slot], Awaitable[RevisionId | None]] | None = None
    cut: Callable[[], AbstractAsyncContextManager[None]] | None = None
    busy: Callable[[], AbstractAsyncContextManager[None]] | None = None


@frozen
class Case:
    """How to make a fresh layer, and three revisions that it may be pointed at.

    Something has to answer at the targets' addresses if the layer converges only then, or the stage has `answers`. Each
    call, and whatever has to come true, may take `limit_s` seconds. `unknown_version` looks like a version of this
    layer and was never given out; None: only versions that were are tried, for a system may call another malformed.
    """

    make: Callable[[], AbstractAsyncContextManager[Stage]]
    targets: tuple[Target, Target, Target]
    limit_s: float = 10
    unknown_version: str | None = None


class On:
    """A stage, and calls on it that have to end well."""

    def __init__(self, stage: Stage, case: Case) -> None:
        self.stage = stage
        self.adapter = stage.router
        self.targets = case.targets
        self.a, self.b, self.c = (one.revision for one in case.targets)
        self.calls = Calls(case.limit_s)
        self.unknown = () if case.unknown_version is None else (case.unknown_version,)

    async def look(self, by: Router | None = None) -> RouterState:
        """What a look shows; by the adapter on trial, unless another is given."""
        return await self.calls.done((by or self.adapter).observe(), "observe")

    async def prepare(self, targets: Collection[Target]) -> None:
        """These revisions, and what the slots show, are addressable."""
        await self.calls.done(self.adapter.prepare(targets), f"prepare {[one.revision for one in targets]}")

    async def begin(self) -> list[Slot]:
        """All three revisions are prepared, and each slot shows the first. The slots that there are."""
        await self.prepare(self.targets)
        slots = [Slot.ACTIVE] if (await self.look()).preview is None else list(Slot)
        for slot in slots:
            await self.point(slot, self.a)
        return slots

    async def point(self, slot: Slot, revision: RevisionId, by: Router | None = None) -> RouterState:
        """What the next look shows, which has to be that."""
        version = (await self.look(by)).token(slot)
        await self.calls.done((by or self.adapter).point(slot, revision, if_version=version), f"point {slot}")
        state = await self.look(by)
        shows(state, slot, revision, f"right after {slot} was pointed there")
        return state


def shown(state: RouterState, slot: Slot) -> Shown | None:
    """What the slot shows."""
    return state.active if slot is Slot.ACTIVE else state.preview


def shows(state: RouterState, slot: Slot, revision: Shown | None, when: str) -> None:
    """Raises `Violation` unless the slot shows the revision."""
    must(shown(state, slot) == revision, f"{when}: {slot} has to show {revision}, and shows {shown(state, slot)}")


def other(slot: Slot) -> Slot:
    """The other slot."""
    return Slot.PREVIEW if slot is Slot.ACTIVE else Slot.ACTIVE
