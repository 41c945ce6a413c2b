"""The driver: looks, decides, saves, acts and rests; again and again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import timedelta

from attrs import frozen

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
from bluegreen.engine.rest import Bell, rest, watched
from bluegreen.engine.tasks import Tasks
from bluegreen.errors import RecordConflict, RecordError
from bluegreen.ports import Backend
from bluegreen.record import Healthy, Record
from bluegreen.snapshot import Observed, Outcome
from bluegreen.spec import RevisionId, Rollout

log = logging.getLogger("bluegreen")

POLL_BUSY_S, POLL_SETTLED_S = 1.0, 15.0
"""How often the world is looked at, at least: while something is under way in a world that cannot be watched; else."""


@frozen
class Step:
    """One look, what was decided on it, and how soon to go on. `again_s` 0: at once, since the world has moved on.

    `contended`: it was saved over what somebody else had saved since the last save of this engine.
    """

    look: Look
    decision: Decision
    again_s: float | None = None
    contended: bool = False

    @property
    def settled(self) -> bool:
        """Nothing is under way, and nothing is due."""
        record = self.decision.record
        busy = self.decision.actions or record.retained or record.outstanding
        return isinstance(record.phase, Healthy) and not busy

    @property
    def saw_all(self) -> bool:
        """No part of the world was unobserved. A watch of one that is says nothing, or says it without end."""
        snapshot = self.look.snapshot
        return all(
            isinstance(one, Observed) for one in (snapshot.workloads, *(layer.seen for layer in snapshot.layers))
        )

    @property
    def template(self) -> RevisionId | None:
        """The revision that was declared when the world was looked at; None when the workloads could not be seen."""
        seen = self.look.snapshot.workloads
        return seen.value.template if isinstance(seen, Observed) else None


class Driver:
    """Takes steps, remembers the last one, and tells whoever waits for one."""

    def __init__(self, rollout: Rollout, backend: Backend, observers: Iterable[Observer], clock: Clock) -> None:
        self.backend = backend
        self.clock = clock
        self.last: Step | None = None
        self.failure: Exception | None = None
        self.tasks = Tasks(backend, clock, self._task_finished)
        self.looker = Looker(rollout, backend, clock, self.tasks)
        self._actor = Actor(backend, clock, self.tasks, self.emit)
        self._observers = tuple(observers)
        self._bell = Bell()
        ports = (backend.workloads, backend.records, *backend.routers)
        self._all_watched = all(watched(port) for port in ports)
        self._version: str | None = None
        self.ended = False
        self._begun = 0
        self._done = 0
        """The number of the last step that was taken to its end."""
        self._stepped = asyncio.Condition()
        self._stopping = False

    async def step(self) -> Step:
        """One look, decide, save, act.

        Raises `RecordConflict` when somebody else saved first (nothing was done), and what loading the record raises.
        """
        self._begun += 1
        number = self._begun
        look = await self.looker.look(self._actor.troubles())
        now, before = self.clock.now(), look.stored.record
        self.emit(Looked(before, look.snapshot, now, look.rollout))
        decision = decide(look.rollout, before, look.snapshot, now)
        self.emit(Decided(decision, now))
        saved_at_s = self.clock.lived_s()
        contended = False
        if decision.record is not before or look.stored.rollout is None:
            contended = self._version not in (None, look.stored.version)
            await self._save(look, decision)
        self.tasks.acknowledge(look.snapshot.outcomes)
        lost_a_write = await self._actor.carry_out(look.rollout, decision.actions, saved_at_s)
        step = Step(look, decision, 0.0 if lost_a_write else self._actor.again_in_s(), contended)
        async with self._stepped:
            self.last, self._done, self.failure = step, number, None
            self._stepped.notify_all()
        return step

    async def _save(self, look: Look, decision: Decision) -> None:
        try:
            version = await self.backend.records.save(decision.record, look.rollout, if_version=look.stored.version)
        except RecordConflict as lost:
            self.emit(SaveLost(lost))
            raise
        self._version = version
        self.saved(look.stored.record, decision.record, version)

    async def run(self) -> None:
        """Steps and rests until `stop`. No failure ends it: it is told to the observers, and tried again."""
        try:
            await self._step_and_rest()
        finally:
            async with self._stepped:
                self.ended = True
                self._stepped.notify_all()

    async def _step_and_rest(self) -> None:
        setbacks = 0
        while not self._stopping:
            watching = False
            try:
                step = await self.step()
                setbacks = setbacks + 1 if step.again_s == 0.0 or step.contended else 0
                watching = step.saw_all and setbacks < 2  # two that undo each other's saves would never rest
                wait_s = self._wait_s(step)
            except RecordConflict:
                setbacks, wait_s = setbacks + 1, 0.0
            except Exception as error:
                setbacks += 1
                wait_s = min(0.25 * 2 ** min(setbacks, 10), POLL_SETTLED_S)
                self.emit(Failed("look, decide and save", error, wait_s))
                await self._note_failure(error)
            if setbacks > 1:
                wait_s = max(wait_s, min(0.01 * 2 ** min(setbacks, 10), 1.0))
            self.emit(Resting(self.clock.now() + timedelta(seconds=wait_s)))
            if not self._stopping:
                await rest(self.backend if watching else None, self._bell, wait_s)

    def stop(self) -> None:
        """Ends `run` after the step in hand."""
        self._stopping = True
        self._bell.ring()

    async def _note_failure(self, error: Exception) -> None:
        """Whoever waits is told when the record itself cannot be used: that will not pass by waiting."""
        if isinstance(error, RecordError):
            async with self._stepped:
                self.failure = error
                self._stepped.notify_all()

    def _wait_s(self, step: Step) -> float:
        if step.again_s == 0.0:
            return 0.0
        watched = self._all_watched and step.saw_all and not step.contended
        waits = [POLL_SETTLED_S if watched or (step.settled and step.saw_all) else POLL_BUSY_S]
        if step.decision.wake_at is not None:
            waits.append((step.decision.wake_at - self.clock.now()).total_seconds())
        if step.again_s is not None:
            waits.append(step.again_s)
        return max(min(waits), 0.0)

    # For those who wait for a step.

    async def next(self) -> None:
        """Returns after the next step, or when there will be none. Raises what makes further steps useless."""
        done = self._done
        async with self._stepped:
            await self._stepped.wait_for(lambda: self._done != done or self.ended or self.failure is not None)
        if self.failure:
            raise self.failure

    async def included(self, seen: Callable[[Step], bool]) -> None:
        """Returns after a step that began after this call, and of which `seen` is true; at once when there is no driver
        any more. Raises as `next` does."""
        before = self._begun  # the step in hand may have loaded the record before
        self._bell.ring()
        while not self.ended and (self._done <= before or self.last is None or not seen(self.last)):
            await self.next()

    # Telling.

    def saved(self, before: Record | None, after: Record, version: str) -> None:
        """Tells the observers that a record is durable, and that it goes over to another phase if it does."""
        self.emit(Saved(after, version))
        if before is None or type(before.phase) is not type(after.phase):
            self.emit(Transition(before.phase if before else None, after.phase, self.clock.now()))

    def emit(self, event: Event) -> None:
        """Tells the observers. What one of them raises is logged and changes nothing."""
        for observer in self._observers:
            try:
                observer(event)
            except Exception:
                log.exception("an observer failed")

    def _task_finished(self, outcome: Outcome) -> None:
        self.emit(Finished(outcome))
        self._bell.ring()
