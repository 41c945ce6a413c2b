"""The engine: one rollout, driven to where its declaration wants it, for as long as somebody runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from difflib import get_close_matches
from types import TracebackType
from typing import Self, TypeVar

from bluegreen import commands
from bluegreen.decide.declared import gates_of
from bluegreen.engine.clock import Clock
from bluegreen.engine.driver import Driver, Step
from bluegreen.engine.events import Observer
from bluegreen.engine.tasks import Tasks
from bluegreen.errors import IllegalCommand, Problem, RecordConflict, RolloutDegraded, SpecError, WaitTimedOut
from bluegreen.gates import PROMOTION, Stage
from bluegreen.ports import Backend, Stored
from bluegreen.record import Degraded, Phase, Record
from bluegreen.spec import RevisionId, Rollout

P = TypeVar("P", bound=Phase)

FINISH_S = 5.0
"""How long a driver that is told to stop may take to finish the step in hand."""
PEEK_S = 0.2
"""How often a rollout that somebody else drives is looked up."""


class Engine:
    """Drives one rollout through a backend.

    `async with Engine(rollout, backend) as engine:` looks, decides, saves and acts in the background until the block
    ends. Whoever has a queue of their own calls `step()` instead (inside `async with engine.tasks:` when gates measure
    or run hooks). Without either, commands still work: they are saved for whoever drives.

    `rollout` counts only while nothing is applied yet; after that the stored one does, and `apply` changes it.
    `observers` are told of every look, decision, save, action and error.
    """

    def __init__(
        self, rollout: Rollout, backend: Backend, *, observers: Iterable[Observer] = (), clock: Clock | None = None
    ) -> None:
        self.rollout = rollout
        self.backend = backend
        self.clock = clock or Clock()
        self._driver = Driver(rollout, backend, observers, self.clock)
        self._driving: asyncio.Task[None] | None = None

    @property
    def tasks(self) -> Tasks:
        """The measurements and hooks that are under way; an async context manager for those who step by themselves."""
        return self._driver.tasks

    @property
    def _driven(self) -> bool:
        """It drives, here and now."""
        return self._driving is not None and not self._driver.ended

    # Driving.

    async def __aenter__(self) -> Self:
        await self.tasks.__aenter__()
        self._driving = self.tasks.spawn(self._driver.run(), name=f"driver of {self.rollout.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        driving, self._driving = self._driving, None
        try:
            self.stop()
            if driving is not None:
                await asyncio.wait([driving], timeout=FINISH_S)
        finally:
            if driving is not None:
                driving.cancel()
            await self.tasks.__aexit__(kind, error, trace)

    def stop(self) -> None:
        """Ends driving after the step in hand."""
        self._driver.stop()

    async def step(self) -> Step:
        """One look, decide, save, act.

        Raises `RecordConflict` when somebody else saved first (nothing was done), and what loading the record raises.
        """
        return await self._driver.step()

    # Asking for something.

    async def apply(self, rollout: Rollout) -> RevisionId:
        """Declares what is wanted from now on, and returns the revision that its template makes.

        Returns once a decision that includes it is saved (or, with no driver here, once it is stored for the driver).
        Raises `SpecError` when it is a rollout of another name.
        """
        if rollout.name != self.rollout.name:
            message = f"this engine drives {self.rollout.name!r}, not {rollout.name!r}"
            raise SpecError([Problem(("metadata", "name"), message, "use an engine of its own for it")])
        state = await self.backend.workloads.observe(rollout)
        await self._swap(lambda stored: (stored.record, rollout))
        self._driver.looker.rollout = self.rollout = rollout
        if self._driven:
            await self._driver.included(lambda step: step.template is not None)
        return state.template

    async def change(self, change: Callable[[Rollout], Rollout]) -> RevisionId:
        """Applies a changed declaration: `engine.change(commands.pause)`. Returns as `apply` does."""
        stored = await self.backend.records.load()
        return await self.apply(change(stored.rollout or self.rollout))

    async def promote(self, revision: RevisionId, *, by: str) -> None:
        """Opens the pause before promotion (`commands.promote`)."""
        await self._command(lambda record, now: commands.promote(record, revision, by, now))

    async def promote_full(self, revision: RevisionId, *, by: str) -> None:
        """Skips every gate of this attempt (`commands.promote_full`)."""
        await self._command(lambda record, now: commands.promote_full(record, revision, by, now))

    async def approve(self, revision: RevisionId, *, gate: str, by: str) -> None:
        """Says yes to one gate (`commands.approve`). Raises `IllegalCommand` for one that the rollout does not have."""
        stored = await self.backend.records.load()
        known = [one.name for stage in Stage for one in gates_of(stored.rollout or self.rollout, stage)]
        if gate not in (*known, PROMOTION):
            near = get_close_matches(gate, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}"
            raise IllegalCommand(f"the rollout has no gate {gate!r}; {hint}")
        await self._command(lambda record, now: commands.approve(record, revision, by, now, gate=gate))

    async def abort(self, revision: RevisionId, *, by: str, why: str = "") -> None:
        """Takes traffic back (`commands.abort`)."""
        await self._command(lambda record, now: commands.abort(record, revision, by, now, why=why))

    async def retry(self, revision: RevisionId, *, by: str) -> None:
        """Asks for a new attempt (`commands.retry`)."""
        await self._command(lambda record, now: commands.retry(record, revision, by, now))

    async def _command(self, command: Callable[[Record, datetime], Record]) -> None:
        """Saves what a command makes of the record; returns once a decision that includes it is saved."""

        def change(stored: Stored) -> tuple[Record | None, Rollout | None]:
            if stored.record is None:
                raise IllegalCommand(f"nothing is recorded of {self.rollout.name!r} yet: apply it first")
            return command(stored.record, self.clock.now()), stored.rollout

        await self._swap(change)
        if self._driven:
            await self._driver.included(lambda _step: True)

    async def _swap(self, change: Callable[[Stored], tuple[Record | None, Rollout | None]]) -> None:
        while True:
            stored = await self.backend.records.load()
            record, rollout = change(stored)
            if record is stored.record and rollout == stored.rollout:
                return
            try:
                version = await self.backend.records.save(record, rollout, if_version=stored.version)
            except RecordConflict:
                continue
            if record is not None:
                self._driver.saved(stored.record, record, version)
            return

    # Waiting.

    async def wait_for(self, phase: type[P], timeout_s: float | None = None) -> P:
        """Waits until the declared revision is in this phase, and returns the phase.

        Raises `RolloutDegraded` when it becomes Degraded instead, and `WaitTimedOut` after `timeout_s` seconds.
        """
        last: Phase | None = None
        limit = asyncio.timeout(timeout_s)
        try:
            async with limit:
                while True:
                    record, template = await self._peek()
                    last = record.phase if record else None
                    if record is not None and template is not None and record.request is None:
                        if record.current == template and isinstance(record.phase, phase):
                            return record.phase
                        if isinstance(record.phase, Degraded) and record.phase.revision == template:
                            raise RolloutDegraded(record.phase)
                    await (self._driver.next() if self._driven else asyncio.sleep(PEEK_S))
        except TimeoutError:
            if not limit.expired():
                raise
            name = type(last).__name__ if last else "not recorded yet"
            message = f": {last.message}" if last and last.message else ""
            raise WaitTimedOut(f"not {phase.__name__} within {timeout_s:g} s; it is {name}{message}") from None

    async def _peek(self) -> tuple[Record | None, RevisionId | None]:
        """The record, and the declared revision: from the last step, or looked up when somebody else drives."""
        if self._driven:
            last = self._driver.last
            return (last.decision.record, last.template) if last else (None, None)
        stored = await self.backend.records.load()
        state = await self.backend.workloads.observe(stored.rollout or self.rollout)
        return stored.record, state.template
