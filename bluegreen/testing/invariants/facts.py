"""What the checks share: the turns and landed actions of a trace, and who it was that made a layer show something."""

from __future__ import annotations

from attrs import frozen

from bluegreen.actions import Point
from bluegreen.record import RECOVERING, Degraded, Reason, Record
from bluegreen.snapshot import Everything, RevisionState, RouterState, Shown, Slot
from bluegreen.spec import RevisionId
from bluegreen.testing.trace import Landed, Trace, Turn

HEAL_LIMIT_S = 60
"""An outsider's repeated edits are undone after this many seconds at the latest."""


@frozen
class Broken:
    """A breach: the moment's number, and a sentence that names the objects."""

    number: int
    sentence: str


@frozen
class Facts:
    """A trace, read once. `ours[number][layer]`: at this moment the layer shows what an engine's write gave it."""

    trace: Trace
    turns: list[Turn]
    landed: list[Landed]
    ours: list[dict[str, bool]]

    @staticmethod
    def of(trace: Trace) -> Facts:
        """Reads the trace."""
        landed = trace.landed()
        points = {one.number: one.action for one in landed if is_active_point(one.action)}
        ours: list[dict[str, bool]] = []
        for moment in trace.moments:
            before = trace.moments[max(moment.number - 1, 0)].truth
            point = points.get(moment.number)
            if ours and point is None and moment.truth is before:
                ours.append(ours[-1])
                continue
            known = dict(ours[-1]) if ours else dict.fromkeys(moment.truth.layers, False)
            for name, layer in moment.truth.layers.items():
                if isinstance(point, Point) and point.layer == name:
                    known[name] = known[name] or before.shows(name) != point.revision
                elif layer.active != before.shows(name):
                    known[name] = False
            ours.append(known)
        return Facts(trace, trace.turns(), landed, ours)


def is_active_point(action: object) -> bool:
    """The action writes a layer's active slot."""
    return isinstance(action, Point) and action.slot is Slot.ACTIVE


def layer_of(turn: Turn, name: str) -> RouterState | None:
    """The layer as this turn saw it, live; None when it did not."""
    return turn.layers.get(name)


def layers_of(turn: Turn) -> dict[str, RouterState]:
    """The layers that this turn saw, live."""
    return turn.layers


def saw_all(turn: Turn) -> bool:
    """The turn saw every layer and the workloads, live."""
    return turn.revisions is not None and len(turn.layers) == len(turn.look.snapshot.layers)


def revisions_of(turn: Turn) -> dict[RevisionId, RevisionState] | None:
    """The revisions as this turn saw them, live; None when it did not."""
    return turn.revisions


def available(turn: Turn, revision: RevisionId | None) -> int:
    """How many replicas of the revision this turn saw available."""
    state = (revisions_of(turn) or {}).get(revision) if revision is not None else None
    return state.available if state else 0


def serving(turn: Turn, shown: Shown, besides: RevisionId | None = None) -> int:
    """How many replicas this turn saw behind what a slot shows, those of the revision `besides` left out."""
    if isinstance(shown, Everything):
        return sum(one.available for one in (revisions_of(turn) or {}).values() if one.id != besides)
    return available(turn, shown) if isinstance(shown, str) and shown != besides else 0


def writes(turn: Turn) -> list[Point]:
    """The writes of active slots that this turn decided."""
    return [one for one in turn.decision.actions if isinstance(one, Point) and one.slot is Slot.ACTIVE]


def addressable(turn: Turn, state: RouterState, revision: RevisionId) -> bool:
    """The layer has an address of a replica that this turn saw, or needs none."""
    seen = (revisions_of(turn) or {}).get(revision)
    there = set(seen.addresses) if seen else set[str]()
    prepared = [set(one.addresses) for one in state.prepared or () if one.revision == revision]
    return state.prepared is None or any(not there or there & addresses for addresses in prepared)


def given_up(record: Record) -> bool:
    """The attempt was aborted or has failed, and traffic has to go back: neither recovering by itself nor frozen."""
    phase = record.phase
    return isinstance(phase, Degraded) and phase.reason not in RECOVERING | {Reason.FROZEN}


def scaling(record: Record, revision: RevisionId) -> bool:
    """A scale-down of the revision may still land."""
    return any(one.object == f"revision:{revision}" for one in record.outstanding)


def unfinished(turn: Turn, name: str) -> bool:
    """A write of the layer, decided before this turn, may still land."""
    return any(one.object == f"layer:{name}" for one in turn.decision.record.outstanding)
