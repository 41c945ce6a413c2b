"""Cancelling a coroutine at one of its awaits, whichever one likes, and at all of them in turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from functools import partial
from typing import Any, Final, Generic, TypeAlias, TypeVar

from bluegreen.testing.conformance.calling import Calls
from bluegreen.testing.conformance.leaks import comes_true, names, others
from bluegreen.testing.conformance.violation import Violation

T = TypeVar("T")
Begin: TypeAlias = Callable[[], Awaitable[Coroutine[Any, Any, object]]]
"""Looks at what there is, and makes the call that is to be cancelled."""

AWAITS_MAX: Final = 40
"""A call is cancelled at each of its first awaits, up to this one."""
CANCELLED_MIN: Final = 5
"""And so often in all: what leaks a little each time has to show."""
GRACE_S: Final = 2.0
"""What was cancelled or closed may take so many seconds to be gone."""
MOMENTS_S: Final = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
"""And it is cancelled so many seconds after its beginning, for what it does in tasks of its own."""
SLACK: Final = 4
# A pool may hold another connection than before, and the server may live in this process too.


class CancelledAt(Generic[T]):
    """Awaits a coroutine, and cancels the task that does so when it waits for the `number`-th time (counted from 1).

    `reached` tells afterwards whether it waited so often at all.
    """

    def __init__(self, work: Coroutine[Any, Any, T], number: int) -> None:
        self._work = work
        self._number = number
        self.reached = False

    def __await__(self) -> Generator[Any, None, T]:
        go_on = partial[Any](self._work.send, None)
        waits = 0
        while True:
            try:
                waited_for = go_on()
            except StopIteration as end:
                answer: T = end.value
                return answer
            waits += 1
            if waits == self._number and (task := asyncio.current_task()) is not None:
                self.reached = task.cancel()
            try:
                yield waited_for
            except BaseException as error:
                go_on = partial[Any](self._work.throw, error)
            else:
                go_on = partial[Any](self._work.send, None)


async def cancelled_everywhere(calls: Calls, begin: Begin, what: str) -> AsyncGenerator[str]:
    """Cancels a call at each of its awaits, and a few moments after its beginning; yields after each, saying where.

    Raises `Violation` when it does not end as what was cancelled ends, or when tasks go on running in the end. The call
    is made once to its end beforehand: what it leaves running then is not counted.
    """
    await calls.done(await begin(), what)
    await asyncio.sleep(0.05)
    before, count = len(others()), 0
    while True:
        number = 1
        while number <= AWAITS_MAX and await cancelled_at(await begin(), number, calls.limit_s, what):
            yield f"{what}, cancelled at await {number}"
            number, count = number + 1, count + 1
        if number == 1 or count >= CANCELLED_MIN:
            break
    for seconds in MOMENTS_S:
        await cancelled_after(await begin(), seconds, calls.limit_s, what)
        yield f"{what}, cancelled after {seconds:g} s"
    if not await comes_true(lambda: len(others()) <= before + SLACK, GRACE_S):
        raise Violation(f"after {what} was cancelled, tasks go on running: {names(others())}")


async def cancelled_at(work: Coroutine[Any, Any, object], number: int, limit_s: float, what: str = "it") -> bool:
    """Cancels a call at its n-th await; whether it waited so often. Raises `Violation` when it goes on."""
    cancelled = CancelledAt(work, number)

    async def waited() -> None:
        await cancelled

    await _ends(asyncio.create_task(waited()), f"{what}, cancelled at await {number},", limit_s)
    return cancelled.reached


async def cancelled_after(work: Coroutine[Any, Any, object], seconds: float, limit_s: float, what: str = "it") -> None:
    """Cancels a call so long after its beginning. Raises `Violation` when it goes on."""
    task = asyncio.create_task(work)
    await asyncio.wait([task], timeout=seconds)
    task.cancel()  # which is nothing to a task that has ended
    await _ends(task, f"{what}, cancelled after {seconds:g} s,", limit_s)


async def _ends(task: asyncio.Task[Any], what: str, limit_s: float) -> None:
    done, _ = await asyncio.wait([task], timeout=limit_s)
    if not done:
        task.cancel()
        raise Violation(f"{what} went on for {limit_s:g} s")
    with suppress(asyncio.CancelledError):
        if (error := task.exception()) is not None:
            raise Violation(f"{what} ended with {error!r} instead") from error
        if task.cancelling():
            raise Violation(f"{what} went on as if nothing had been")
