"""Calls of an adapter as rules make them: each ends in time, and as it has to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from attrs import frozen

from bluegreen.errors import BackendError, Conflict, PermanentBackendError
from bluegreen.testing.conformance.violation import Violation

T = TypeVar("T")

AGAIN_S: Final = 0.02
"""So often it is looked whether something has come true."""
WORDS_MIN: Final = 3
"""An error with fewer words than that tells a person nothing."""


@frozen
class Calls:
    """Makes calls, each of which may take `limit_s` seconds. `what` says in words what is asked, for a `Violation`."""

    limit_s: float

    async def done(self, call: Awaitable[T], what: str) -> T:
        """What a call returns that has to end well."""
        try:
            return await self.in_time(call, what)
        except Violation:
            raise
        except Exception as error:
            raise Violation(f"{what} has to end well, and {error!r} came") from error

    async def refused(self, call: Awaitable[object], what: str, kind: type[Exception] = Conflict) -> None:
        """A call that has to be refused: by this kind of error, in words."""
        error = await self._failed(call, f"{what} has to be refused")
        if not isinstance(error, kind):
            raise Violation(f"{what} has to be refused by {kind.__name__}, and {error!r} came") from error
        in_words(error, what)

    async def unreachable(self, call: Awaitable[object], what: str) -> None:
        """A call of a system that cannot be reached: a `BackendError` in words, and no `Conflict`, which was seen.

        Nor a `PermanentBackendError`: it may be reached later.
        """
        said = f"{what}, of a system that cannot be reached,"
        error = await self._failed(call, said)
        if not isinstance(error, BackendError) or isinstance(error, Conflict):
            raise Violation(f"{said} raises BackendError, and {error!r} came") from error
        if isinstance(error, PermanentBackendError):
            raise Violation(f"{said} may be reached later, and {error!r} says that only a person can help") from error
        in_words(error, what)

    async def or_failed(self, call: Awaitable[T], what: str) -> T | BackendError:
        """What a call returns, or the `BackendError`, in words, that it raises; it may do either."""
        try:
            return await self.in_time(call, what)
        except Violation:
            raise
        except BackendError as error:
            in_words(error, what)
            return error
        except Exception as error:
            raise Violation(f"{what} ends well or raises BackendError, and {error!r} came") from error

    async def one_wins(
        self, first: Awaitable[object], second: Awaitable[object], what: str, kind: type[Exception] = Conflict
    ) -> int:
        """Makes two calls at once, of which one has to end well and the other to be refused; 0 if the first did."""
        ends = await self.in_time(asyncio.gather(first, second, return_exceptions=True), what)
        for end in ends:
            if isinstance(end, BaseException) and not isinstance(end, kind):
                raise Violation(f"{what}: the one refused gets {kind.__name__}, and {end!r} came") from end
        won = [number for number, end in enumerate(ends) if not isinstance(end, BaseException)]
        if len(won) != 1:
            raise Violation(f"{what}: one has to win and one to be refused, and {'both' if won else 'neither'} won")
        return won[0]

    async def until(self, look: Callable[[], Awaitable[bool]], what: str) -> None:
        """Looks again and again until it is so, which has to be in time."""

        async def waiting() -> None:
            while not await look():  # noqa: ASYNC110  (an adapter need not ring a bell)
                await asyncio.sleep(AGAIN_S)

        await self.in_time(waiting(), what, "it did not come true that")

    async def in_time(self, call: Awaitable[T], what: str, late: str = "no answer in time:") -> T:
        """What a call returns or raises, unless that takes too long."""
        limit = asyncio.timeout(self.limit_s)
        try:
            async with limit:
                return await call
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise Violation(f"{late} {what}, within {self.limit_s:g} s") from error

    async def _failed(self, call: Awaitable[object], what: str) -> Exception:
        try:
            answer = await self.in_time(call, what)
        except Violation:
            raise
        except Exception as error:
            return error
        raise Violation(f"{what} and it was not: {answer!r:.200} came")


def in_words(error: BaseException, what: str) -> None:
    """Raises `Violation` when the error does not say in words what happened."""
    if len(str(error).split()) < WORDS_MIN:
        raise Violation(f"{what}: the error {str(error)!r} does not say in words what happened") from error


def must(holds: bool, otherwise: str) -> None:
    """Raises `Violation` with these words unless it holds."""
    if not holds:
        raise Violation(otherwise)
