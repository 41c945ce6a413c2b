"""What the deliberately wrong adapters of all ports have in common: ways to be wrong about cancelling and locking."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set
from contextlib import suppress
from typing import Any, TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen
class Wrong:
    """A wrong adapter: the rule that has to find it out, what is said then, and the rules it breaks beside that."""

    kind: Callable[..., Any]
    rule: str
    words: str
    also: Set[str] = frozenset()

    def __str__(self) -> str:
        return str(getattr(self.kind, "__name__", self.kind))


def unshown(rules: Mapping[str, object], wrong: tuple[Wrong, ...]) -> set[str]:
    """The rules of which nothing shows that they bite."""
    return set(rules) - {one.rule for one in wrong}


class Lock:
    """A lock as people write it who have not thought of being cancelled: what takes it and is cancelled, keeps it."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def held(self, work: Callable[[], Awaitable[T]]) -> T:
        """Works under the lock."""
        await self._lock.acquire()
        try:
            done = await work()
        except Exception:
            self._lock.release()
            raise
        self._lock.release()
        return done


async def detached(work: Callable[[], Awaitable[T]]) -> T:
    """Works in a task that nobody stops, and that dawdles when nobody waits for it."""
    alone: list[bool] = []

    async def lasting() -> T:
        await asyncio.sleep(0.01)
        if alone:
            await asyncio.sleep(60)
        return await work()

    task = asyncio.create_task(lasting())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        alone.append(True)
        raise


async def stubborn(work: Awaitable[object]) -> None:
    """Does not let itself be cancelled."""
    with suppress(asyncio.CancelledError):
        await work
