"""Whether an adapter that says when something changed misses no change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from bluegreen.ports import Watched
from bluegreen.testing.conformance.calling import Calls
from bluegreen.testing.conformance.violation import Violation

Step: TypeAlias = Callable[[], Awaitable[object]]

BEGUN_S: Final = 0.05
"""What was started has begun to wait after so many seconds."""


async def no_change_is_missed(calls: Calls, adapter: object, look: Step, changes: Sequence[tuple[str, Step]]) -> None:
    """Raises `Violation` when `changed()` does not return after one of these changes; nothing if it is not `Watched`.

    Each is made while somebody waits, between the look and the wait, and after a wait that was cancelled.
    """
    if not isinstance(adapter, Watched):
        return
    for what, change in changes:
        await look()
        waiting = asyncio.create_task(adapter.changed())
        try:
            await asyncio.wait([waiting], timeout=BEGUN_S)
            await change()
            await calls.done(waiting, f"changed(), while {what},")
        finally:
            await _stopped(waiting, calls)
        await look()
        await change()
        await calls.done(adapter.changed(), f"changed(), begun after {what},")
        await look()
        given_up = asyncio.create_task(adapter.changed())
        await asyncio.wait([given_up], timeout=BEGUN_S)
        await _stopped(given_up, calls)
        await change()
        await calls.done(adapter.changed(), f"changed(), after one that was cancelled before {what},")


async def _stopped(task: asyncio.Task[None], calls: Calls) -> None:
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=calls.limit_s)
    if not done:
        raise Violation(f"changed() went on for {calls.limit_s:g} s after it was cancelled")
