"""A gate whose answer the search chooses."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, field, frozen

from bluegreen.actions import Measure
from bluegreen.gates import Answer, CannotSay, No, OnDeadline, Release, Stage, Yes
from bluegreen.record import PauseReason
from bluegreen.snapshot import Key
from bluegreen.spec import Rollout
from bluegreen.spec.check import POST_ANALYSIS, PRE_ANALYSIS


@frozen
class Check:
    """Measures once, and says what came back: True yes, False no, anything else that it cannot say.

    Then a person's wish (`promote`) has it measure once more.
    """

    name: str = "check"
    stage: Stage = Stage.PRE_PROMOTION
    deadline_seconds: int | None = field(default=None, init=False)
    on_deadline: OnDeadline = field(default=OnDeadline.HOLD, init=False)

    def answer(self, release: Release, now: datetime) -> Answer:
        """Pure: it rests on the outcomes of this attempt alone."""
        key = Key(release.revision, release.attempt, self.name, number=release.again)
        came = next((one for one in release.outcomes if one.key == key), None)
        if came is None:
            return CannotSay("is measured", (Measure(key, "search"),))
        if came.value is True:
            return Yes("measured well")
        if came.value is False or came.error:
            return No(came.error or "measured badly")
        return CannotSay("came to no verdict", pause=PauseReason.INCONCLUSIVE)


def checked(rollout: Rollout) -> Rollout:
    """The rollout with a check in the place of each analysis: it is one measurement then, which may say anything."""
    strategy, found = rollout.strategy, list(rollout.gates)
    if strategy.pre_promotion_analysis is not None:
        found.append(Check(PRE_ANALYSIS))
    if strategy.post_promotion_analysis is not None:
        found.append(Check(POST_ANALYSIS, Stage.POST_PROMOTION))
    bare = evolve(strategy, pre_promotion_analysis=None, post_promotion_analysis=None)
    return evolve(rollout, strategy=bare, gates=tuple(found))
