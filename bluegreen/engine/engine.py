"""The engine: one rollout, driven to where its declaration wants it, for as long as somebody runs it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self, TypeVar

from attrs import frozen

from bluegreen import commands
from bluegreen.decide import Decision, decide
from bluegreen.engine.act import Actor
from bluegreen.engine.clock import Clock
from bluegreen.engine.events import (
    Decided,
    Event,
    Failed,
    Finished,
    Looked,
    Observer,
    Resting,
    Saved,
    SaveLost,
    Transition,
)
from bluegreen.engine.look import Look, Looker
from bluegreen.engine.rest import Bell, rest
from bluegreen.engine.tasks import Tasks
from bluegreen.errors import (
    IllegalCommand,
    Problem,
    RecordConflict,
    RecordError,
    RolloutDegraded,
    SpecError,
    WaitTimedOut,
)
from bluegreen.ports import Backend, Stored, Watched
from bluegreen.record import Degraded, Healthy, Phase, Record
from bluegreen.snapshot import Observed, Outcome
from bluegreen.spec import RevisionId, Rollout

P = TypeVar("P", bound=Phase)

log = logging.getLogger("bluegreen")

POLL_BUSY_S, POLL_SETTLED_S = 1.0, 15.0
FINISH_S = 5.0
"""How long a driver that is told to stop may take to finish the step in hand."""
PEEK_S = 0.2
"""How often a rollout that somebody else drives is looked up."""


@frozen
class Step:
    """One look, what was decided on it, and what the record is now. `again_s`: 0 = at once, the world has moved on."""

    look: Look
    decision: Decision
    again_s: float | None = None

    @property
    def settled(self) -> bool:
        """Nothing is under way, and nothing is due."""
        record = self.decision.record
        return isinstance(record.phase, Healthy) and not (
            self.decision.actions or record.retained or record.outstanding
        )


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
        self._observers = tuple(observers)
        self.clock = clock or Clock()
        self.tasks = Tasks(backend, self.clock, self._task_finished)
        self._looker = Looker(rollout, backend, self.clock, self.tasks)
        self._actor = Actor(backend, self.clock, self.tasks, self._emit)
        self._bell = Bell()
        ports = (backend.workloads, backend.records, *backend.routers)
        self._all_watched = all(isinstance(port, Watched) for port in ports)
        self._last: Step | None = None
        self._steps = 0
        self._stepped = asyncio.Condition()
        self._in_step = False
        self._stopping = False
        self._driver: asyncio.Task[None] | None = None
        self._failure: Exception | None = None

    # Driving.

    async def __aenter__(self) -> Self:
        await self.tasks.__aenter__()
        self._driver = asyncio.create_task(self._drive(), name=f"bluegreen {self.rollout.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        driver, self._driver = self._driver, None
        self.stop()
        try:
            if driver is not None:
                await asyncio.wait([driver], timeout=FINISH_S)
                driver.cancel()
                await asyncio.wait([driver])
        finally:
            await self.tasks.__aexit__(kind, error, trace)
        if driver is not None and not driver.cancelled() and error is None:
            driver.result()

    def stop(self) -> None:
        """Ends driving after the step in hand."""
        self._stopping = True
        self._bell.ring()

    async def step(self) -> Step:
        """One look, decide, save, act.

        Raises `RecordConflict` when somebody else saved first (nothing was done), and what loading the record raises.
        """
        self._in_step = True
        try:
            return await self._step()
        finally:
            self._in_step = False

    async def _step(self) -> Step:
        look = await self._looker.look(self._actor.troubles())
        now = self.clock.now()
        self._emit(Looked(look.stored.record, look.snapshot, now))
        decision = decide(look.rollout, look.stored.record, look.snapshot, now)
        self._emit(Decided(decision, now))
        saved_at_s = self.clock.lived_s()
        before = look.stored.record
        if decision.record is not before or look.stored.rollout is None:
            try:
                version = await self.backend.records.save(decision.record, look.rollout, if_version=look.stored.version)
            except RecordConflict as lost:
                self._emit(SaveLost(lost))
                raise
            self._emit(Saved(decision.record, version))
            self._tell_transition(before, decision.record)
        self.tasks.acknowledge(look.snapshot.outcomes)
        lost_a_write = await self._actor.carry_out(look.rollout, decision.actions, saved_at_s)
        step = Step(look, decision, 0.0 if lost_a_write else self._actor.again_in_s())
        await self._completed(step)
        return step

    async def _completed(self, step: Step) -> None:
        async with self._stepped:
            self._last, self._steps = step, self._steps + 1
            self._stepped.notify_all()

    async def _drive(self) -> None:
        setbacks = 0
        while not self._stopping:
            try:
                step = await self.step()
                setbacks = setbacks + 1 if step.again_s == 0.0 else 0
                wait_s = self._wait_s(step)
            except RecordConflict:
                setbacks, wait_s = setbacks + 1, 0.0
            except Exception as error:
                setbacks += 1
                wait_s = min(0.25 * 2**setbacks, POLL_SETTLED_S)
                self._emit(Failed("look, decide and save", error, wait_s))
                await self._note_failure(error)
            if setbacks > 1:
                wait_s = max(wait_s, min(0.01 * 2**setbacks, 1.0))
            self._emit(Resting(self.clock.now() + timedelta(seconds=wait_s)))
            if not self._stopping:
                await rest(self.backend, self._bell, wait_s)

    async def _note_failure(self, error: Exception) -> None:
        """Whoever waits is told when the record itself cannot be used: that will not pass by waiting."""
        if isinstance(error, RecordError):
            async with self._stepped:
                self._failure = error
                self._stepped.notify_all()

    def _wait_s(self, step: Step) -> float:
        if step.again_s == 0.0:
            return 0.0
        waits = [POLL_SETTLED_S if step.settled or self._all_watched else POLL_BUSY_S]
        if step.decision.wake_at is not None:
            waits.append((step.decision.wake_at - self.clock.now()).total_seconds())
        if step.again_s is not None:
            waits.append(step.again_s)
        return max(min(waits), 0.0)

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
        self._looker.rollout = self.rollout = rollout
        await self._included(lambda step: _template(step) == state.template)
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
        """Says yes to one gate (`commands.approve`)."""
        await self._command(lambda record, now: commands.approve(record, revision, by, now, gate=gate))

    async def abort(self, revision: RevisionId, *, by: str, why: str = "") -> None:
        """Takes traffic back (`commands.abort`)."""
        await self._command(lambda record, now: commands.abort(record, revision, by, now, why=why))

    async def retry(self, revision: RevisionId, *, by: str) -> None:
        """Asks for a new attempt (`commands.retry`)."""
        await self._command(lambda record, now: commands.retry(record, revision, by, now))

    async def _command(self, command: Callable[[Record, datetime], Record]) -> None:
        def change(stored: Stored) -> tuple[Record | None, Rollout | None]:
            if stored.record is None:
                raise IllegalCommand(f"nothing is recorded of {self.rollout.name!r} yet: apply it first")
            return command(stored.record, self.clock.now()), stored.rollout

        await self._swap(change)
        await self._included(lambda _step: True)

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
                self._emit(Saved(record, version))
                self._tell_transition(stored.record, record)
            return

    async def _included(self, seen: Callable[[Step], bool]) -> None:
        """Waits for a step that began after now and saw what was just saved; with no driver here, for nothing."""
        self._bell.ring()
        if self._driver is None:
            return
        enough = self._steps + (2 if self._in_step else 1)  # the step in hand may have loaded the record before
        async with self._stepped:
            await self._stepped.wait_for(
                lambda: self._gave_up() or (self._steps >= enough and self._last is not None and seen(self._last))
            )
        if self._failure:
            raise self._failure

    def _gave_up(self) -> bool:
        return self._failure is not None or self._driver is None or self._driver.done()

    # Waiting.

    async def wait_for(self, phase: type[P], timeout_s: float | None = None) -> P:
        """Waits until the declared revision is in this phase, and returns the phase.

        Raises `RolloutDegraded` when it becomes Degraded instead, and `WaitTimedOut` after `timeout_s` seconds.
        """
        last: Phase | None = None
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    record, template = await self._peek()
                    last = record.phase if record else None
                    if record is not None and template is not None and record.request is None:
                        if record.current == template and isinstance(record.phase, phase):
                            return record.phase
                        if isinstance(record.phase, Degraded) and record.phase.revision == template:
                            raise RolloutDegraded(record.phase)
                    await self._next()
        except TimeoutError:
            name = type(last).__name__ if last else "not recorded yet"
            message = f": {last.message}" if last and last.message else ""
            raise WaitTimedOut(f"not {phase.__name__} within {timeout_s:g} s; it is {name}{message}") from None

    async def _peek(self) -> tuple[Record | None, RevisionId | None]:
        """The record, and the declared revision: from the last step, or looked up when somebody else drives."""
        if self._driver is not None:
            if self._failure:
                raise self._failure
            return (self._last.decision.record, _template(self._last)) if self._last else (None, None)
        stored = await self.backend.records.load()
        state = await self.backend.workloads.observe(stored.rollout or self.rollout)
        return stored.record, state.template

    async def _next(self) -> None:
        driver = self._driver
        if driver is None:
            await asyncio.sleep(PEEK_S)
            return
        steps = self._steps
        async with self._stepped:
            await self._stepped.wait_for(lambda: self._steps != steps or self._gave_up())
        if driver.done():
            raise RecordError("the driver of this engine has ended") from _fault_of(driver)

    # Telling.

    def _task_finished(self, outcome: Outcome) -> None:
        self._emit(Finished(outcome))
        self._bell.ring()

    def _tell_transition(self, before: Record | None, after: Record) -> None:
        if before is None or type(before.phase) is not type(after.phase):
            self._emit(Transition(before.phase if before else None, after.phase, self.clock.now()))

    def _emit(self, event: Event) -> None:
        for observer in self._observers:
            try:
                observer(event)
            except Exception:
                log.exception("an observer of %s failed", self.rollout.name)


def _fault_of(driver: asyncio.Task[None]) -> BaseException | None:
    return None if driver.cancelled() else driver.exception()


def _template(step: Step) -> RevisionId | None:
    seen = step.look.snapshot.workloads
    return seen.value.template if isinstance(seen, Observed) else None
