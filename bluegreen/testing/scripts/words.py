"""Single things in the words of a script; revisions are named later, when their builds are known."""

from __future__ import annotations

from typing import assert_never

from bluegreen.actions import Action, Cancel, Ensure, Forget, Measure, Point, Prepare, Retire, RunHook
from bluegreen.record import Degraded, Paused, Phase, Promoting
from bluegreen.runs import Came, Measurement
from bluegreen.snapshot import Everything, Foreign, Nothing, Shown, Slot
from bluegreen.values import brief


def asked(action: Action) -> str:
    """What an action asks for."""
    match action:
        case Point(layer, slot, revision):
            return f"point {'the preview of ' if slot is Slot.PREVIEW else ''}{layer} at {revision}"
        case Ensure(revision):
            return f"ensure {revision}"
        case Retire(revision):
            return f"scale {revision} down"
        case Forget(revision):
            return f"forget {revision}"
        case Prepare(layer):
            return f"prepare {layer}"
        case Measure(key):
            return f"measure {key.metric}"
        case RunHook(key):
            return f"run hook {key.run}"
        case Cancel(key):
            return f"cancel {key.metric or key.run}"
        case _:
            assert_never(action)


def measured(metric: str, one: Measurement) -> str:
    """A measurement, its value and what it was taken for."""
    came = f"{brief(one.value)} is {one.phase}" if one.came is Came.VALUE else one.phase
    return f"measured {metric}: {came}, {one.why}"


def said(phase: Phase | None) -> str:
    """A phase: its kind, its revision, why, and what it says."""
    if phase is None:
        return "nothing is recorded"
    why = f" ({phase.reason})" if isinstance(phase, Degraded | Paused | Promoting) and phase.reason else ""
    message = f": {phase.message}" if phase.message else ""
    return f"{type(phase).__name__} {phase.revision or 'nothing yet'}{why}{message}"


def shown_as(shown: Shown) -> str:
    """What a slot shows."""
    match shown:
        case Nothing():
            return "nothing"
        case Everything():
            return "everything"
        case Foreign(what):
            return what
        case _:
            return str(shown)


def clock(seconds: float) -> str:
    """So many seconds as `0:05`, `12:00` or `1:00:00.5`."""
    whole = f"{seconds % 60:06.3f}".rstrip("0").rstrip(".")
    minutes = int(seconds // 60)
    return f"{minutes // 60}:{minutes % 60:02}:{whole}" if minutes >= 60 else f"{minutes}:{whole}"
