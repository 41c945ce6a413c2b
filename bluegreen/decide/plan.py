"""One decision in the making: what it is about, and what has been decided so far."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs
from attrs import define, evolve, frozen

from bluegreen.actions import Action, Point, Retire
from bluegreen.commands import noted
from bluegreen.record import LayerMemory, Phase, Record, Write
from bluegreen.snapshot import (
    Key,
    Observed,
    RevisionState,
    RouterState,
    Slot,
    Snapshot,
    WorkloadsState,
)
from bluegreen.spec import RevisionId, Rollout


@frozen
class Decision:
    """What to remember, what to ask of the world, and when to look again at the latest.

    The record is saved before any action begins. `wake_at` is the next moment at which time alone changes the decision,
    None when there is none.
    """

    record: Record
    actions: tuple[Action, ...]
    wake_at: datetime | None


@define
class Plan:
    """The inputs of one decision, and its growing result. Lives for one call of `decide` and never leaves it."""

    rollout: Rollout
    record: Record
    snapshot: Snapshot
    now: datetime
    layers: tuple[tuple[str, RouterState | None], ...]
    """Each layer's name and state, in order; None for one that could not be observed."""
    workloads: WorkloadsState | None = None
    revisions: dict[RevisionId, RevisionState] = attrs.field(factory=dict[RevisionId, RevisionState])
    actions: list[Action] = attrs.field(factory=list[Action])
    wake_at: datetime | None = None
    preparing: bool = False
    """The current revision may have replicas now (it may not while traffic is on its way back)."""
    full_size: bool = True
    """The current revision gets all its replicas, not only previewReplicaCount."""
    awaited: dict[str, tuple[Key, ...]] = attrs.field(factory=dict[str, tuple[Key, ...]])
    """The gates that were asked, by name, and the work that each of them waits for."""
    spent: frozenset[RevisionId] = frozenset()
    """Revisions whose time is up: they are scaled down, or wait for the chance to be."""

    @staticmethod
    def of(rollout: Rollout, record: Record, snapshot: Snapshot, now: datetime) -> Plan:
        """A plan with nothing decided yet."""
        layers = tuple(
            (one.name, one.seen.value if isinstance(one.seen, Observed) else None) for one in snapshot.layers
        )
        seen = snapshot.workloads
        if not isinstance(seen, Observed):
            return Plan(rollout, record, snapshot, now, layers)
        revisions = {one.id: one for one in seen.value.revisions}
        return Plan(rollout, record, snapshot, now, layers, seen.value, revisions)

    # Reading the world.

    def available(self, revision: RevisionId | None) -> int:
        """How many replicas of the revision were seen available; 0 for one that was not seen."""
        state = self.revisions.get(revision) if revision is not None else None
        return state.available if state else 0

    def whole(self, revision: RevisionId | None) -> bool:
        """The revision was seen, with all the replicas that are wanted available."""
        state = self.revisions.get(revision) if revision is not None else None
        return state is not None and state.available >= self.rollout.replicas

    def pending(self, kind: str, name: str) -> bool:
        """A traffic write or scale-down of this object may still land."""
        if not self.record.outstanding:
            return False
        thing = f"{kind}:{name}"
        return any(write.object == thing for write in self.record.outstanding)

    def pending_layers(self) -> bool:
        """A traffic write may still land on some layer."""
        return any(write.object.startswith("layer:") for write in self.record.outstanding)

    def passed(self, since: datetime, seconds: float) -> bool:
        """Whether so many seconds have passed since a stored moment; when not, the decision is due again then."""
        try:
            due = since + timedelta(seconds=seconds)
        except OverflowError:  # later than any clock can show: never
            return False
        if self.now >= due:
            return True
        self.wake(due)
        return False

    def in_time(self, since: datetime, seconds: float) -> bool:
        """Whether a deadline still holds. Time that this process did not live through does not count against it."""
        return not self.passed(max(since, self.snapshot.running_since), seconds)

    # Deciding.

    def wake(self, at: datetime) -> None:
        """The decision is due again at this moment, unless it is over already."""
        if at > self.now and (self.wake_at is None or at < self.wake_at):
            self.wake_at = at

    def remember(self, **changes: Any) -> None:
        """Changes fields of the record."""
        self.record = evolve(self.record, **changes)

    def enter(self, phase: Phase) -> None:
        """Goes over to a phase, or corrects what the present one says of itself."""
        if phase != self.record.phase:
            self.remember(phase=phase)

    def say(self, message: str) -> None:
        """Sets the phase's message."""
        if self.record.phase.message != message:
            self.remember(phase=evolve(self.record.phase, message=message))

    def note(self, what: str, *, by: str = "", why: str = "") -> None:
        """Adds a line to the history."""
        self.record = noted(self.record, what, self.now, by=by, why=why)

    def memorize(self, memory: LayerMemory) -> None:
        """Replaces what is remembered of one layer's slot."""
        if memory == self.record.layer(memory.name):
            return
        others = (one for one in self.record.layers if one.name != memory.name)
        self.remember(layers=tuple(sorted((*others, memory), key=lambda one: one.name)))

    def act(self, action: Action) -> None:
        """Asks for an action. Traffic writes and scale-downs become outstanding in the same record."""
        self.actions.append(action)
        match action:
            case Point(layer, Slot.ACTIVE, revision, if_version):
                self._outstanding(Write(f"layer:{layer}", if_version))
                if revision not in self.record.may_show:
                    self.remember(may_show=tuple(sorted((*self.record.may_show, revision))))
            case Retire(revision, if_version):
                self._outstanding(Write(f"revision:{revision}", if_version))
            case _:
                pass

    def _outstanding(self, write: Write) -> None:
        if write not in self.record.outstanding:
            self.remember(outstanding=(*self.record.outstanding, write))


def clamped(value: Any, now: datetime) -> Any:
    """The same value with no moment in it later than now: a stored time that lies in the future counts as now."""
    if isinstance(value, datetime):
        return min(value, now)
    if isinstance(value, tuple):
        return tuple(clamped(one, now) for one in value)
    if attrs.has(type(value)):
        fields = {one.name: getattr(value, one.name) for one in attrs.fields(type(value))}
        return evolve(value, **{name: clamped(one, now) for name, one in fields.items()})
    return value
