"""A trace in words, a line for each moment."""

from __future__ import annotations

from bluegreen.actions import Action
from bluegreen.engine.events import Acted, Acting, Decided, Dropped, Failed, Looked, Resting, Saved
from bluegreen.record import Record
from bluegreen.snapshot import Slot
from bluegreen.testing.trace.moments import Happening, Moment


def words(moment: Moment) -> str:
    """One line about a moment."""
    truth = moment.truth
    where = ", ".join(f"{name} shows {one.active}" for name, one in truth.layers.items())
    runs = ", ".join(f"{name} {one.available}/{one.replicas}" for name, one in truth.revisions.items())
    return f"{moment.number:4} {moment.at_s:8.2f} s  {moment.who}: {_told(moment.event)}   [{where}; {runs}]"


def _told(event: Happening) -> str:
    match event:
        case str():
            return event
        case Looked(record, snapshot):
            unseen = [one.name for one in snapshot.layers if not hasattr(one.seen, "value")]
            unseen += [] if hasattr(snapshot.workloads, "value") else ["workloads"]
            return "looks" + (f", not seeing {', '.join(unseen)}" if unseen else "") + f" ({_phase(record)})"
        case Decided(decision):
            return f"decides {', '.join(map(brief, decision.actions)) or 'nothing'} ({_phase(decision.record)})"
        case Saved(record):
            return f"saves ({_phase(record)})"
        case Acting(action) | Acted(action) | Dropped(action):
            return f"{type(event).__name__.lower()} {brief(action)}"
        case Failed(what, error):
            return f"failed to {what}: {error}"
        case Resting():
            return "rests"
        case _:
            return type(event).__name__


def _phase(record: Record | None) -> str:
    if record is None:
        return "nothing recorded"
    pending = " ".join(f"{one.object}@{one.token}" for one in record.outstanding)
    return (
        f"{type(record.phase).__name__} {record.attempt}, stable {record.stable}, current {record.current}"
        + (f", previous {record.previous}" if record.previous else "")
        + (f", outstanding {pending}" if pending else "")
        + (f", {reason}" if (reason := getattr(record.phase, "reason", "")) else "")
    )


def brief(action: Action) -> str:
    """A few words for an action."""
    name = type(action).__name__.lower()
    slot = f" {action.slot}" if getattr(action, "slot", Slot.ACTIVE) is Slot.PREVIEW else ""  # type: ignore[union-attr]
    parts = [str(getattr(action, field)) for field in ("layer", "revision", "replicas") if hasattr(action, field)]
    return f"{name}{slot} {' '.join(parts)}"
