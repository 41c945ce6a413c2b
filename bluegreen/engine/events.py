"""What an engine tells about itself while it works, as data: logging, progress and tests share it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from attrs import frozen

from bluegreen.actions import Action
from bluegreen.decide import Decision
from bluegreen.record import Phase, Record
from bluegreen.snapshot import Outcome, Snapshot
from bluegreen.spec import Rollout


@frozen
class Looked:
    """The record was loaded, and then the world was looked at. `rollout` is the one that counts in this look."""

    record: Record | None
    snapshot: Snapshot
    at: datetime
    rollout: Rollout


@frozen
class Decided:
    """A decision was made on the last look. Nothing of it is saved or done yet."""

    decision: Decision
    at: datetime


@frozen
class Saved:
    """The decision's record is durable; its actions begin now. Also sent for a command that was saved."""

    record: Record
    version: str


@frozen
class SaveLost:
    """Somebody else saved first: this decision is void, and the engine looks again."""

    error: Exception


@frozen
class Acting:
    """An action begins."""

    action: Action


@frozen
class Acted:
    """An action was accepted by the world."""

    action: Action


@frozen
class Dropped:
    """An action was not begun: its decision is too old (`age_s` seconds), or it waits after a failure."""

    action: Action
    age_s: float
    why: str


@frozen
class Failed:
    """Something did not work: what, why, and in how many seconds it is tried again. `action` when it was one."""

    what: str
    error: Exception
    retry_in_s: float
    action: Action | None = None


@frozen
class Finished:
    """A measurement or hook ended. Its outcome waits to be acknowledged by a saved record."""

    outcome: Outcome


@frozen
class Transition:
    """The rollout went over from one phase to another, durably."""

    before: Phase | None
    after: Phase
    at: datetime


@frozen
class Resting:
    """Nothing to do before `until`, unless something changes."""

    until: datetime


Event: TypeAlias = (
    Looked | Decided | Saved | SaveLost | Acting | Acted | Dropped | Failed | Finished | Transition | Resting
)

Observer: TypeAlias = Callable[[Event], None]
"""Called synchronously with each event, in order. What it raises is logged and changes nothing."""
