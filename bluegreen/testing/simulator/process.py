"""One engine and the process it lives in: it can be killed at any await, and held up in any call."""

# A real process is killed from outside, with no chance to finish anything; what stands for that here has to reach in.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import evolve

from bluegreen.actions import Action
from bluegreen.engine import Engine
from bluegreen.engine.clock import Clock
from bluegreen.engine.events import Acted, Acting, Event
from bluegreen.engine.look import Look, Looker
from bluegreen.engine.tasks import Tasks
from bluegreen.ports import Backend
from bluegreen.snapshot import LayerSeen, Observed, Outcome, Trouble
from bluegreen.spec import Rollout
from bluegreen.testing.simulator.wire import Wire, due, wired
from bluegreen.testing.trace import Trace

START: Final = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
"""What wall clocks show when a simulation begins."""
BUSY: Final = 3000
"""An engine that makes so many moments in less than a second of the world's time does nothing useful any more."""


def clock(jump_s: float = 0.0) -> Clock:
    """A clock that shows the world's time, shifted by so much."""
    loop = asyncio.get_running_loop()
    return Clock(wall=lambda: START + timedelta(seconds=loop.time() + jump_s))


class Process:
    """One engine, alive from the moment it is made until it is killed or stopped.

    `wire` is what can go wrong with its calls; `deadly_events` kill it after the so-manieth event of a name.
    """

    def __init__(self, who: str, rollout: Rollout, backend: Backend, trace: Trace, jump_s: float = 0.0) -> None:
        self.who = who
        self.jump_s = jump_s
        self.wire = Wire(lambda what: trace.note(what, who), self.kill)
        self.deadly_events: list[tuple[str, int]] = []
        self._trace = trace
        self._killed = False
        self._acting: Action | None = None
        backend, mine = wired(backend, self.wire), clock(jump_s)
        observer = trace.observer(who)
        self.wire.acting, self.wire.landed = lambda: self._acting, lambda action: observer(Acted(action))
        self.engine = Engine(rollout, backend, observers=[observer, self._observe], clock=mine)
        self.looker = SimulatedLooker(rollout, backend, mine, self.engine.tasks)
        self.engine._driver.looker = self.looker
        self._life = asyncio.create_task(self._live(), name=who)

    @property
    def alive(self) -> bool:
        """The process runs, and has not been killed."""
        return not self._killed and not self._life.done()

    async def _live(self) -> None:
        async with self.engine:
            assert self.engine._driving is not None
            await asyncio.wait([self.engine._driving])

    def kill(self) -> None:
        """Ends the process at its next await, with no chance to finish anything, or to begin another call."""
        self._killed = True
        self._trace.note("is killed", self.who)
        self.wire.dead = True
        if self.engine._driving is not None:
            self.engine._driving.cancel()

    def mend(self) -> None:
        """Nothing goes wrong with it any more."""
        self.wire.mend()
        self.deadly_events.clear()
        self.looker.stale_looks = self.looker.repeats = 0

    async def gone(self) -> None:
        """Waits for the end, and raises what the engine raised."""
        await asyncio.wait([self._life])
        if not self._life.cancelled():
            self._life.result()

    def _observe(self, event: Event) -> None:
        if isinstance(event, Acting):
            self._acting = event.action
        moments = self._trace.moments
        if len(moments) > BUSY and moments[-1].at_s - moments[-BUSY].at_s < 1:
            self._trace.runaway = len(moments) - 1
            self.kill()
        if due(self.deadly_events, type(event).__name__):
            self.kill()


class SimulatedLooker(Looker):
    """A looker whose looks can be made old, or to bring again what they brought before.

    The next `stale_looks` looks show what was true `age` looks ago, marked as not live; the next `repeats` looks have
    the outcomes of all earlier ones in them once more.
    """

    stale_looks = 0
    age = 1
    repeats = 0

    def __init__(self, rollout: Rollout, backend: Backend, clock: Clock, tasks: Tasks) -> None:
        super().__init__(rollout, backend, clock, tasks)
        self._seen: list[Look] = []
        self._came: list[Outcome] = []

    async def look(self, troubles: tuple[Trouble, ...] = ()) -> Look:
        """The record as it is; the world as it is, or as it was."""
        look = await super().look(troubles)
        if self.repeats > 0:
            self.repeats -= 1
            again = [one for one in self._came if one not in look.snapshot.outcomes]
            look = evolve(look, snapshot=evolve(look.snapshot, outcomes=(*look.snapshot.outcomes, *again)))
        self._came += [one for one in look.snapshot.outcomes if one not in self._came]
        if self.stale_looks <= 0 or not self._seen:
            self._seen = [*self._seen[-20:], look]
            return look
        self.stale_looks -= 1
        old = self._seen[-min(self.age, len(self._seen))].snapshot
        layers = tuple(LayerSeen(one.name, not_live(one.seen)) for one in old.layers)
        return evolve(look, snapshot=evolve(look.snapshot, workloads=not_live(old.workloads), layers=layers))


def not_live(seen: Any) -> Any:
    """What was seen, marked as coming from a cache."""
    return evolve(seen, live=False) if isinstance(seen, Observed) else seen
