"""What a trace is made of: moments, and what was true of the world at each of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TypeAlias

from attrs import frozen

from bluegreen.actions import Action
from bluegreen.decide import Decision
from bluegreen.engine.events import Event, Looked
from bluegreen.record import Record
from bluegreen.snapshot import Observed, RevisionState, RouterState, Shown
from bluegreen.spec import RevisionId

Happening: TypeAlias = Event | str
"""What an engine told of itself; or, in words, what somebody else did."""


@frozen
class TrueLayer:
    """A layer as it really is: what its active slot shows, and its token."""

    active: Shown
    version: str


@frozen
class TrueRevision:
    """A revision as it really is: replicas asked for, replicas available, and its token."""

    replicas: int
    available: int
    version: str


@frozen
class Truth:
    """The world as it really is at one moment, whatever any engine believes."""

    layers: Mapping[str, TrueLayer]
    revisions: Mapping[RevisionId, TrueRevision]
    record: Record | None

    def shows(self, layer: str) -> Shown:
        """What the layer's active slot shows."""
        return self.layers[layer].active

    def replicas(self, revision: RevisionId) -> int:
        """How many replicas the revision has been asked to have; 0 for one that does not exist."""
        return self.revisions[revision].replicas if revision in self.revisions else 0

    def available(self, revision: RevisionId | None) -> int:
        """How many of the revision's replicas are available; 0 for one that does not exist."""
        return self.revisions[revision].available if revision is not None and revision in self.revisions else 0


@frozen
class Moment:
    """One thing that happened, `at_s` by the world's clock, and the truth right after it."""

    number: int
    at_s: float
    who: str
    event: Happening
    truth: Truth


@frozen
class Turn:
    """One engine's look, and what it decided on it. `number` is the moment of the decision."""

    number: int
    at_s: float
    who: str
    look: Looked
    decision: Decision

    @cached_property
    def layers(self) -> dict[str, RouterState]:
        """The layers that this turn saw, live."""
        seen = [(one.name, one.seen) for one in self.look.snapshot.layers]
        return {name: one.value for name, one in seen if isinstance(one, Observed) and one.live}

    @cached_property
    def revisions(self) -> dict[RevisionId, RevisionState] | None:
        """The revisions that this turn saw, live; None when it could not look."""
        seen = self.look.snapshot.workloads
        return {one.id: one for one in seen.value.revisions} if isinstance(seen, Observed) and seen.live else None


@frozen
class Landed:
    """An action that the world accepted, however late; the turn that decided it, and the truth before and after."""

    number: int
    at_s: float
    turn: Turn
    action: Action
    before: Truth
    after: Truth
