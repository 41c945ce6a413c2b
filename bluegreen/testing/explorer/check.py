"""A gate whose answer the search chooses."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from bluegreen.actions import Measure
from bluegreen.gates import Answer, CannotSay, No, OnDeadline, Release, Stage, Yes
from bluegreen.record import PauseReason
from bluegreen.snapshot import Key


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
