"""A person who says yes to what has waited for one."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

from attrs import define, field

from bluegreen.gates import PROMOTION
from bluegreen.record import Paused, PauseReason, Promoting, Record
from bluegreen.testing.simulator.stage import Stage

_Wait: TypeAlias = tuple[int, str]
"""An attempt, and the gate of it that waits."""


@define
class Person:
    """Says yes to each gate that has waited for a person for `after_s` seconds; None: to nothing, from now on."""

    stage: Stage
    after_s: float | None
    _waits: _Wait | None = None
    _answers: set[asyncio.Task[None]] = field(factory=set[asyncio.Task[None]])

    def hears(self, record: Record | None) -> None:
        """What is recorded now."""
        before, self._waits = self._waits, _waiting(record)
        if self._waits is not None and self._waits != before and self.after_s is not None:
            task = asyncio.get_running_loop().create_task(self._answer(self._waits, self.after_s))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def leave(self) -> None:
        """Says nothing any more."""
        for task in self._answers:
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)

    async def _answer(self, waits: _Wait, after_s: float) -> None:
        await asyncio.sleep(after_s)
        while self._waits == waits and self.after_s is not None:
            if waits[1] == PROMOTION:
                await self.stage.command("promote")
            else:
                await self.stage.command("approve", gate=waits[1])
            await asyncio.sleep(max(after_s, 1.0))  # it may not have been heard


def _waiting(record: Record | None) -> _Wait | None:
    phase = record.phase if record else None
    if record is None or not isinstance(phase, Paused | Promoting) or phase.reason is not PauseReason.PERSON:
        return None
    return record.attempt, phase.gate or PROMOTION
