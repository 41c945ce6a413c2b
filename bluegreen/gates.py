"""Gates: what has to say yes before traffic moves, or before a release counts as done.

A gate is a frozen, pure object. It is asked in every decision until it says yes or no, and its answer is remembered
for that revision in that attempt only. Gates of one stage are asked in order, each once those before it have said
yes. Whatever needs the outside world is an action in the answer (`Measure`, `RunHook`); its outcome comes back in
`Release.outcomes`, and what no answer waits for any more is cancelled.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeAlias

from attrs import field, frozen

from bluegreen.actions import RunHook, Task
from bluegreen.record import Approval, PauseReason, elapsed
from bluegreen.runs import AnalysisRun
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import Hook, HookPoint, OnDeadline, RevisionId, Rollout
from bluegreen.spec.check import PROMOTION
from bluegreen.values import brief

__all__ = [
    "PROMOTION",
    "Answer",
    "CannotSay",
    "ClockGate",
    "Gate",
    "HookGate",
    "ManualGate",
    "No",
    "OnDeadline",
    "Release",
    "Stage",
    "WaitUntil",
    "Yes",
]


class Stage(StrEnum):
    """When a gate is asked: before the revision has any replica, when it is available, when it has the traffic, and
    when its attempt has failed (traffic does not wait for the answer then, only the next attempt does)."""

    PRE_PREVIEW = "prePreview"
    PRE_PROMOTION = "prePromotion"
    POST_PROMOTION = "postPromotion"
    ON_ABORT = "onAbort"


@frozen
class Yes:
    """The gate is open, for this attempt, for good. In all answers `run` is what a gate that measures has come to:
    it is kept, given back with the next question, and stands for the outcomes that went into it."""

    reason: str
    run: AnalysisRun | None = None


@frozen
class No:
    """The gate is closed: the attempt is aborted (or frozen, after promotion, where `onFailure` says so)."""

    reason: str
    run: AnalysisRun | None = None


@frozen
class WaitUntil:
    """No answer before `when`; asked again then, or when an outcome of `tasks` has come."""

    when: datetime
    reason: str
    tasks: tuple[Task, ...] = ()
    pause: PauseReason = PauseReason.GATE
    run: AnalysisRun | None = None


@frozen
class CannotSay:
    """No answer, and time alone will not bring one: a person or an outcome of `tasks` has to."""

    reason: str
    tasks: tuple[Task, ...] = ()
    pause: PauseReason = PauseReason.GATE
    run: AnalysisRun | None = None


Answer: TypeAlias = Yes | No | WaitUntil | CannotSay


@frozen
class Release:
    """What a gate may know.

    `asked_at` is when this gate was first asked in this attempt; `outcomes` are this attempt's acknowledged ones,
    oldest first, without those that went into a `run`; `asked` is the work that has not come back. `approval` is
    somebody's yes to this gate in this attempt, `again` how often somebody wished that it looks once more, `run` what
    it gave with its last answer.
    """

    rollout: Rollout
    revision: RevisionId
    stable: RevisionId | None
    attempt: int
    asked_at: datetime
    approval: Approval | None = None
    outcomes: tuple[Outcome, ...] = ()
    asked: tuple[Key, ...] = ()
    again: int = 0
    run: AnalysisRun | None = None


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
        wanted = "promote it" if self.name == PROMOTION else f"approve {self.name}"
        return CannotSay(f"waits for a person to {wanted}", pause=PauseReason.PERSON)


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


_STAGES = {
    HookPoint.BEFORE_PREVIEW: Stage.PRE_PREVIEW,
    HookPoint.BEFORE_PROMOTION: Stage.PRE_PROMOTION,
    HookPoint.AFTER_PROMOTION: Stage.POST_PROMOTION,
    HookPoint.ON_ABORT: Stage.ON_ABORT,
}
FIRST_RETRY_S, LAST_RETRY_S = 2.0, 60.0
"""A hook that did not even begin is tried again after so long, and twice as long each time."""
_GRACE_S = 30.0
"""What decides about a hook that is late is its gate's deadline; the engine's own limit comes so much later, and not at
all where the hook is held."""


@frozen
class HookGate:
    """Opens when a step beside the release is done: a migration, a webhook, a program (`policy.hooks`)."""

    hook: Hook

    @property
    def name(self) -> str:
        """The hook's place and name: `beforePreview/migrate`."""
        return f"{self.hook.point}/{self.hook.name}"

    @property
    def stage(self) -> Stage:
        """When it is asked, by the hook's place."""
        return _STAGES[self.hook.point]

    @property
    def deadline_seconds(self) -> int | None:
        """The hook's own."""
        return self.hook.deadline_seconds

    @property
    def on_deadline(self) -> OnDeadline:
        """The hook's own."""
        return self.hook.on_deadline

    def answer(self, release: Release, now: datetime) -> Answer:
        """Yes when the step succeeded (or somebody says so), No when it failed. What did not begin is tried again."""
        if release.approval:
            return Yes(f"approved by {release.approval.by}")
        mine = [one for one in release.outcomes if one.key.run == self.name]
        if not mine:
            return CannotSay("runs", (self._task(release, 0),))
        last = mine[-1]
        if not last.error:
            return Yes(f"done: {brief(last.value)}" if last.value not in (None, "") else "done")
        if not last.retry:
            return No(last.error)
        task = self._task(release, len(mine))
        late = elapsed(release.asked_at, now) >= timedelta(seconds=self.hook.deadline_seconds)
        if late and task.key not in release.asked:
            return CannotSay(f"did not begin: {last.error}")
        when = last.finished_at + timedelta(seconds=min(FIRST_RETRY_S * 2 ** min(len(mine) - 1, 10), LAST_RETRY_S))
        if now < when:
            return WaitUntil(when, f"did not begin, and is tried again at {when:%H:%M:%S} UTC: {last.error}")
        return CannotSay(f"is tried again: {last.error}", (task,))

    def _task(self, release: Release, number: int) -> RunHook:
        about = {
            "rollout": release.rollout.name,
            "namespace": release.rollout.namespace,
            "revision": release.revision,
            "stable": release.stable,
            "attempt": release.attempt,
            "hook": self.name,
        }
        key = Key(release.revision, release.attempt, self.name, number=number)
        hook = {"kind": self.hook.kind, **self.hook.options, "release": about}
        held = self.hook.on_deadline is OnDeadline.HOLD  # then it may come late, and must not be taken for a no
        limit_s = math.inf if held else self.hook.deadline_seconds + _GRACE_S
        return RunHook(key, hook, limit_s, self.hook.secrets)
