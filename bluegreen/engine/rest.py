"""Resting: until something changes, somebody rings, or time is up."""

from __future__ import annotations

import asyncio
from typing import TypeGuard

from bluegreen.ports import Backend, Watched


class Bell:
    """Wakes a resting engine. A ring while nobody rests is kept for the next one."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Ends the present rest, or the next one."""
        self._event.set()

    async def heard(self) -> None:
        """Returns at the next ring, or at once for one that was kept."""
        await self._event.wait()
        self._event.clear()


def watched(port: object) -> TypeGuard[Watched]:
    """Whether the adapter can tell when another look may differ."""
    adapter = type(port)
    if adapter not in _WATCHED:
        _WATCHED[adapter] = isinstance(port, Watched)
    return _WATCHED[adapter]


_WATCHED: dict[type, bool] = {}
"""What was found of each class of adapter: finding it out is slow, and it is asked at every rest."""


async def rest(backend: Backend | None, bell: Bell, seconds: float) -> None:
    """Returns after so many seconds, at a ring, or when a port says that another look may differ.

    A port that cannot watch, or whose watch fails, is left to the clock; with no backend, all of them are.
    """
    ports = (backend.workloads, backend.records, *backend.routers) if backend else ()
    waits = [asyncio.ensure_future(bell.heard())]
    waits += [asyncio.ensure_future(port.changed()) for port in ports if watched(port)]
    left = set(waits)
    deadline = asyncio.get_running_loop().time() + seconds
    try:
        while left:
            time_left = max(deadline - asyncio.get_running_loop().time(), 0.0)
            done, left = await asyncio.wait(left, timeout=time_left, return_when=asyncio.FIRST_COMPLETED)
            if not done or any(task.exception() is None for task in done):
                return
    finally:
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
