"""Stopping in time: a signal, or a time that is up, ends a command after the write in hand."""

from __future__ import annotations

import asyncio
import signal
from types import TracebackType
from typing import Any, Self

from bluegreen.cli.exits import Exit

_SIGNALS = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}


class Stop:
    """While entered, SIGINT, SIGTERM and the end of `timeout_s` seconds are noted, and cancel nothing."""

    def __init__(self, timeout_s: float | None = None) -> None:
        self._timeout_s = timeout_s
        self._asked: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number, code in _SIGNALS.items():
            loop.add_signal_handler(number, self._ask, code)
        if self._timeout_s is not None:
            self._timer = loop.call_later(self._timeout_s, self._ask, Exit.TIMED_OUT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in _SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)
        if self._timer is not None:
            self._timer.cancel()

    @property
    def asked(self) -> Exit | None:
        """The exit code to stop with; None as long as nothing asks to stop."""
        return self._asked.result() if self._asked.done() else None

    async def or_(self, other: asyncio.Future[Exit | None]) -> Exit | None:
        """Waits for the other, or for being asked to stop, and returns the code of what came first."""
        both: list[asyncio.Future[Any]] = [self._asked, other]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        return other.result() if other.done() else self.asked

    async def pause(self, seconds: float) -> Exit | None:
        """Waits so long, or until asked to stop, and returns that code if there is one."""
        await asyncio.wait([self._asked], timeout=seconds)
        return self.asked

    def _ask(self, code: Exit) -> None:
        if not self._asked.done():
            self._asked.set_result(code)
