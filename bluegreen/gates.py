"""Gates: what has to say yes before traffic moves, or before a release counts as done.

A gate is a frozen, pure object. It is asked in every decision until it says yes or no, and its answer is remembered
for that revision in that attempt only. Gates of one stage are asked in order, each once those before it have said
yes. Whatever needs the outside world is an action in the answer (`Measure`, `RunHook`); its outcome comes back in
`Release.outcomes`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeAlias

from attrs import field, frozen

from bluegreen.actions import Task
from bluegreen.record import Approval, PauseReason, elapsed
from bluegreen.snapshot import Outcome
from bluegreen.spec import RevisionId, Rollout


class Stage(StrEnum):
    """When a gate is asked."""

    PRE_PROMOTION = "prePromotion"
    POST_PROMOTION = "postPromotion"


class OnDeadline(StrEnum):
    """What happens when a gate has not answered by its deadline."""

    ABORT = "abort"
    CONTINUE = "continue"
    HOLD = "hold"


@frozen
class Yes:
    """The gate is open, for this attempt, for good."""

    reason: str


@frozen
class No:
    """The gate is closed: the attempt is aborted (or frozen, after promotion, where `onFailure` says so)."""

    reason: str


@frozen
class WaitUntil:
    """No answer before `when`; asked again then, or when an outcome of `tasks` has come."""

    when: datetime
    reason: str
    tasks: tuple[Task, ...] = ()
    pause: PauseReason = PauseReason.GATE


@frozen
class CannotSay:
    """No answer, and time alone will not bring one: a person or an outcome of `tasks` has to."""

    reason: str
    tasks: tuple[Task, ...] = ()
    pause: PauseReason = PauseReason.GATE


Answer: TypeAlias = Yes | No | WaitUntil | CannotSay


@frozen
class Release:
    """What a gate may know.

    `asked_at` is when this gate was first asked in this attempt; `outcomes` are this attempt's acknowledged ones,
    oldest first; `approval` is somebody's yes to this gate in this attempt.
    """

    rollout: Rollout
    revision: RevisionId
    stable: RevisionId | None
    attempt: int
    asked_at: datetime
    approval: Approval | None = None
    outcomes: tuple[Outcome, ...] = ()


class Gate(Protocol):
    """Something that can hold a release back.

    `name` is unique in the rollout. With `deadline_seconds`, counted from when it was first asked, `on_deadline`
    decides for a gate that has not answered.
    """

    @property
    def name(self) -> str: ...
    @property
    def stage(self) -> Stage: ...
    @property
    def deadline_seconds(self) -> int | None: ...
    @property
    def on_deadline(self) -> OnDeadline: ...

    def answer(self, release: Release, now: datetime) -> Answer:
        """The answer for this release at this moment. Pure: the same question has the same answer. Must not raise."""
        ...


PROMOTION = "promotion"
"""The name of the gate that `promote` opens."""


@frozen
class ManualGate:
    """Waits for a person: `promote` or `approve` (autoPromotionEnabled: false)."""

    name: str = PROMOTION
    stage: Stage = Stage.PRE_PROMOTION
    deadline_seconds: int | None = None
    on_deadline: OnDeadline = OnDeadline.HOLD

    def answer(self, release: Release, now: datetime) -> Answer:
        """Yes once somebody approved this revision in this attempt; until then it cannot say."""
        if release.approval:
            return Yes(f"approved by {release.approval.by}")
        return CannotSay("waits for a person to promote it", pause=PauseReason.PERSON)


@frozen
class ClockGate:
    """Opens by itself after `seconds` (autoPromotionSeconds), or earlier when a person says so, once."""

    seconds: int
    name: str = PROMOTION
    stage: Stage = Stage.PRE_PROMOTION
    deadline_seconds: int | None = field(default=None, init=False)
    on_deadline: OnDeadline = field(default=OnDeadline.HOLD, init=False)

    def answer(self, release: Release, now: datetime) -> Answer:
        """Yes when approved, or when `seconds` have passed since it was first asked; else wait until then."""
        if release.approval:
            return Yes(f"approved by {release.approval.by}")
        wait = timedelta(seconds=self.seconds)
        if elapsed(release.asked_at, now) >= wait:
            return Yes(f"{self.seconds} s have passed (autoPromotionSeconds)")
        when = release.asked_at + wait
        return WaitUntil(when, f"promotes itself at {when:%H:%M:%S} UTC", pause=PauseReason.CLOCK)


def gates_of(rollout: Rollout, stage: Stage) -> tuple[Gate, ...]:
    """The gates of this stage, in the order in which they are asked: the user's own, then the pause before promotion.

    The pause comes last, as in Argo: autoPromotionSeconds counts from when all else had said yes.
    """
    own = tuple(gate for gate in rollout.gates if gate.stage == stage)
    strategy = rollout.strategy
    if stage is Stage.POST_PROMOTION:
        return own
    if not strategy.auto_promotion_enabled:
        return (*own, ManualGate())
    if strategy.auto_promotion_seconds:
        return (*own, ClockGate(strategy.auto_promotion_seconds))
    return own
