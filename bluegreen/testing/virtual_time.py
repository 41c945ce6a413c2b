"""An event loop whose clock jumps: a day of rollout takes milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Deadlock(RuntimeError):
    """Every task waits, and nothing will ever wake one; the message names who waits."""


class _JumpingSelector(selectors.SelectSelector):
    """Instead of sleeping until the next timer, it moves the clock there."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout == 0.0:
            return []  # there is something to do at once, and nobody outside to be heard meanwhile
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            waiting = "; ".join(sorted(task.get_name() for task in asyncio.all_tasks(asyncio.get_event_loop())))
            raise Deadlock(f"nothing will ever happen again, and these wait for it: {waiting}")
        self.now += max(timeout, 0.0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop in which sleeping takes no time. For code that does no real I/O."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since this loop was made, all of them virtual."""
        return self._jumping.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end in virtual time, and returns what it returns."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
