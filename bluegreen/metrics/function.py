"""A Python callable as a measurement, for people who import the library.

    own = {"function": Function({"orders": orders_per_minute})}
    async with metrics.connect(rollout, workloads, own=own) as providers:

A metric names it: `provider: {function: {name: orders, shop: bern}}` calls `orders_per_minute({"shop": "bern"})`.
"""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from bluegreen.errors import BackendError, PermanentBackendError, Problem
from bluegreen.metrics.fields import Fields, refuse
from bluegreen.ports import NoData, Reading
from bluegreen.spec import JSON
from bluegreen.values import encoded

Measuring = Callable[[Mapping[str, JSON]], object]
"""Takes the query without its `name`, and returns the result, a `NoData` or a `Reading`, or is a coroutine function
that does."""


class Function:
    """Calls one of these functions; a plain one runs in a thread, which goes on to its end even when the measurement
    is cancelled.

    A `BackendError` that a function raises is passed on. Of any other exception its kind and its place are told, and
    not its text, which may hold a secret.
    """

    def __init__(self, functions: Mapping[str, Measuring]) -> None:
        self._functions = dict(functions)

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """Raises `PermanentBackendError` for a name that is not there and for a result that is no JSON."""
        refuse("function", self.check(query))
        name = query["name"]
        if name not in self._functions:
            remedy = f"there are: {', '.join(sorted(self._functions)) or 'none'}"
            raise PermanentBackendError("there is no function of this name", remedy=remedy)
        result = await self._called(name, {key: value for key, value in query.items() if key != "name"})
        parts = (result.result, result.labels) if isinstance(result, Reading) else (result,)
        if isinstance(result, NoData):
            parts = (result.result,)
        try:
            for part in parts:
                encoded(part)
        except ValueError as error:
            raise PermanentBackendError(f"the result of {name} cannot be kept: {error}", remedy="return JSON") from None
        return result

    def check(self, query: Mapping[str, JSON]) -> Sequence[Problem]:
        """What is wrong with a query."""
        fields = Fields(query, filled=False)
        name = fields.text("name", wanted=True)
        if name and name not in self._functions:
            near = get_close_matches(name, self._functions, n=1) or sorted(self._functions)
            fields.wrong("there is no function of this name", f"there is: {', '.join(near) or 'none'}", "name")
        return fields.problems

    async def _called(self, name: str, query: Mapping[str, JSON]) -> object:
        function = self._functions[name]
        try:
            if inspect.iscoroutinefunction(function):
                return await function(query)
            result = await asyncio.to_thread(function, query)
            return await result if inspect.isawaitable(result) else result
        except BackendError:
            raise
        except Exception as error:
            raise BackendError(f"the function {name} raised {type(error).__name__}{_place(error)}") from None


def _place(error: Exception) -> str:
    """Where it was raised, as far as that is known."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
