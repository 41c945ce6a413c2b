"""The engine's clock: wall time at the start, plus the time that this process has really lived since."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Time that neither jumps nor goes back while the process lives.

    `monotonic` gives seconds (default: the running loop's clock, so virtual time works); `wall` is asked once.
    """

    def __init__(
        self, monotonic: Callable[[], float] | None = None, wall: Callable[[], datetime] | None = None
    ) -> None:
        self._monotonic = monotonic or asyncio.get_running_loop().time
        self._born = self._monotonic()
        self.started_at = wall() if wall else datetime.now(UTC)

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return self.started_at + timedelta(seconds=self._monotonic() - self._born)

    def lived_s(self) -> float:
        """Seconds since this clock began."""
        return self._monotonic() - self._born
