"""Cancelling a coroutine at one of its awaits, whichever one likes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")


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
