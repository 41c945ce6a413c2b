"""Measurements and hooks: work that outlives the look that asked for it, found again by its key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from attrs import evolve

from bluegreen.actions import Cancel, Measure, RunHook
from bluegreen.engine.clock import Clock
from bluegreen.engine.faults import is_permanent, words_of
from bluegreen.engine.secrets import redacted, secrets_of
from bluegreen.errors import PermanentBackendError
from bluegreen.placeholders import filled, unfilled
from bluegreen.ports import Backend, NoData, Reading
from bluegreen.snapshot import Key, Outcome
from bluegreen.values import encoded

POLL_S = 0.5
"""How often a running hook is asked whether it has ended."""


class Tasks:
    """The work that is under way, and the outcomes that no saved record has acknowledged yet.

    An async context manager: work that is still running when it closes is cancelled, and no task outlives it.
    """

    def __init__(self, backend: Backend, clock: Clock, finished: Callable[[Outcome], None]) -> None:
        self._backend = backend
        self._clock = clock
        self._finished = finished
        self._running: dict[Key, asyncio.Task[None]] = {}
        self._outcomes: dict[Key, Outcome] = {}
        self._group: asyncio.TaskGroup | None = None

    async def __aenter__(self) -> Self:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        group, self._group = self._group, None
        for task in self._running.values():
            task.cancel()
        if group is not None:
            await group.__aexit__(None, None, None)  # the block's own error stays what it is: no group is made of it

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Runs something beside the measurements and hooks, in the same group: it ends before the group does."""
        return self._home().create_task(work, name=name)

    def running(self) -> frozenset[Key]:
        """The keys of the work that is under way."""
        return frozenset(self._running)

    def outcomes(self) -> tuple[Outcome, ...]:
        """What has ended and is not acknowledged, oldest first."""
        return tuple(self._outcomes.values())

    def acknowledge(self, outcomes: tuple[Outcome, ...]) -> None:
        """A saved record (or a decision that had no use for them) has taken these outcomes in."""
        for outcome in outcomes:
            if self._outcomes.get(outcome.key) is outcome:
                del self._outcomes[outcome.key]

    def start(self, task: Measure | RunHook) -> None:
        """Starts the work, unless it runs or has just ended under this key."""
        home = self._home()
        if task.key in self._running or task.key in self._outcomes:
            return
        self._running[task.key] = home.create_task(self._work(task))

    def _home(self) -> asyncio.TaskGroup:
        if self._group is None:
            raise RuntimeError("measurements and hooks need a home: `async with engine:` or `async with engine.tasks:`")
        return self._group

    async def cancel(self, cancel: Cancel) -> None:
        """Stops the work of this key, wherever it runs, and reports it as cancelled."""
        task = self._running.get(cancel.key)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        if self._backend.hooks is not None:
            await self._backend.hooks.cancel(cancel.key)
        if cancel.key not in self._outcomes:
            now = self._clock.now()
            self._end(Outcome(cancel.key, now, now, error="cancelled", retry=False))

    def _end(self, outcome: Outcome) -> None:
        self._outcomes[outcome.key] = outcome
        self._finished(outcome)

    async def _work(self, task: Measure | RunHook) -> None:
        """Does the work within its time, and reports what became of it, with no secret in it."""
        started_at, secrets = self._clock.now(), dict[str, str]()
        outcome: Outcome
        try:
            async with asyncio.timeout(task.timeout_s):
                secrets.update(await secrets_of(self._backend, task.secrets))
                outcome = await (
                    self._measure(task, secrets) if isinstance(task, Measure) else self._run_hook(task, secrets)
                )
        except Exception as error:
            words, retry = words_of(error, task.timeout_s), not is_permanent(error)
            outcome = Outcome(task.key, started_at, self._clock.now(), error=words, retry=retry)
            if isinstance(error, TimeoutError) and isinstance(task, RunHook):
                outcome = await self._too_late(task, outcome)
        finally:
            self._running.pop(task.key, None)
        found = redacted([outcome.value, outcome.labels, outcome.error], secrets)
        self._end(evolve(outcome, value=found[0], labels=found[1], error=found[2]))

    async def _too_late(self, task: RunHook, outcome: Outcome) -> Outcome:
        """A step that took too long is stopped, and not begun once more: it may have done half of its work."""
        if self._backend.hooks is not None:
            with suppress(Exception):
                await self._backend.hooks.cancel(task.key)
        return evolve(outcome, retry=False)

    async def _measure(self, task: Measure, secrets: Mapping[str, str]) -> Outcome:
        started_at = self._clock.now()
        if task.provider not in self._backend.metrics:
            known = ", ".join(self._backend.metrics) or "none"
            raise LookupError(f"no metric provider named {task.provider!r}; there are: {known}")
        query = filled(task.query, secrets)
        if left := unfilled(query):
            remedy = "see what its argument refers to"
            raise PermanentBackendError(f"nothing was asked: {{{{{left}}}}} has no value now", remedy=remedy)
        found = await self._backend.metrics[task.provider].measure(query)
        reading = found if isinstance(found, Reading | NoData) else Reading(found)
        value = encoded(reading.result)
        if redacted(value, secrets) != value:  # with it taken out, a condition might hold that does not
            message = "what came back has a secret of the query in it, and is neither judged nor kept"
            raise PermanentBackendError(message, remedy="ask for less, or for something else")
        labels = encoded(reading.labels) if isinstance(reading, Reading) else None
        empty = isinstance(reading, NoData)
        return Outcome(task.key, started_at, self._clock.now(), value, no_data=empty, labels=labels)

    async def _run_hook(self, task: RunHook, secrets: Mapping[str, str]) -> Outcome:
        hooks = self._backend.hooks
        if hooks is None:
            raise LookupError("this backend runs no hooks")
        await hooks.start(task.key, filled(task.hook, secrets))
        while (ended := await hooks.poll(task.key)) is None:  # noqa: ASYNC110 (another program is asked)
            await asyncio.sleep(POLL_S)
        return evolve(ended, value=encoded(ended.value))
