"""A drill: engines on one world in memory, in virtual time, and everything that can go wrong with them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from attrs import evolve

from bluegreen.backends.memory import NEVER, World, over
from bluegreen.backends.memory.world import Revision
from bluegreen.engine import Engine
from bluegreen.engine.clock import Clock
from bluegreen.engine.events import Event
from bluegreen.engine.look import Look, Looker
from bluegreen.errors import BluegreenError
from bluegreen.ports import Backend
from bluegreen.snapshot import LayerSeen, Observed, Trouble
from bluegreen.spec import RevisionId, Rollout
from bluegreen.testing import virtual_time
from bluegreen.testing.trace import Trace
from tests.support.gates import Verdicts
from tests.support.worlds import START, changed, template

BUSY = 3000
"""An engine that makes so many moments in less than a second of the world's time does nothing useful any more."""

SKEW_S = 0.5

_CALLER: ContextVar[Process | None] = ContextVar("_CALLER", default=None)


class Process:
    """One engine and the process it lives in: it can be killed at any await, and stalled in any call."""

    def __init__(self, who: str, rollout: Rollout, backend: Backend, trace: Trace, jump_s: float) -> None:
        self.who = who
        loop = asyncio.get_running_loop()
        clock = Clock(wall=lambda: START + timedelta(seconds=loop.time() + jump_s))
        self.engine = Engine(rollout, backend, observers=[trace.observer(who), self._observe], clock=clock)
        self.stalls: list[tuple[str, float]] = []
        self.deadly_calls: list[tuple[str, int]] = []
        self.deadly_events: list[tuple[str, int]] = []
        self.released = asyncio.Event()
        self.jump_s = jump_s
        self._trace = trace
        self.looker = StaleLooker(rollout, backend, clock, self.engine.tasks)
        self.engine._driver.looker = self.looker
        self._life = asyncio.create_task(self._live(), name=who)

    @property
    def alive(self) -> bool:
        """The process runs."""
        return not self._life.done()

    async def _live(self) -> None:
        _CALLER.set(self)
        async with self.engine:
            assert self.engine._driving is not None
            await asyncio.wait([self.engine._driving])

    def kill(self) -> None:
        """Ends the process at its next await, with no chance to finish anything."""
        self._trace.note("is killed", self.who)
        if self.engine._driving is not None:
            self.engine._driving.cancel()

    async def gone(self) -> None:
        """Waits for the end, and raises what the engine raised."""
        await asyncio.wait([self._life])
        if not self._life.cancelled():
            self._life.result()

    async def calls(self, name: str) -> None:
        """Before each call of a port by this process: death, or a stall."""
        if _due(self.deadly_calls, name):
            self.kill()
            await asyncio.sleep(NEVER)
        for stall in [one for one in self.stalls if one[0] in name][:1]:
            self.stalls.remove(stall)
            self._trace.note(f"stalls before {name} for {stall[1]:g} s", self.who)
            try:
                async with asyncio.timeout(stall[1]):
                    await self.released.wait()
            except TimeoutError:
                pass

    def _observe(self, event: Event) -> None:
        moments = self._trace.moments
        if len(moments) > BUSY and moments[-1].at_s - moments[-BUSY].at_s < 1:
            self._trace.runaway = len(moments) - 1
            self.kill()
        if _due(self.deadly_events, type(event).__name__):
            self.kill()


def _due(waiting: list[tuple[str, int]], name: str) -> bool:
    for index, (part, times) in enumerate(waiting):
        if part in name:
            if times <= 1:
                del waiting[index]
                return True
            waiting[index] = (part, times - 1)
    return False


class StaleLooker(Looker):
    """A looker that can be made to look at a cache: what was true `age` looks ago, and is marked as not live."""

    stale_looks = 0
    age = 1

    async def look(self, troubles: tuple[Trouble, ...] = ()) -> Look:
        """The record as it is; the world as it is, or as it was."""
        look = await super().look(troubles)
        seen: list[Look] = self.__dict__.setdefault("seen", [])
        if self.stale_looks <= 0 or not seen:
            seen.append(look)
            return look
        self.stale_looks -= 1
        old = seen[-min(self.age, len(seen))].snapshot
        layers = tuple(LayerSeen(one.name, _not_live(one.seen)) for one in old.layers)
        return evolve(look, snapshot=evolve(look.snapshot, workloads=_not_live(old.workloads), layers=layers))


def _not_live(seen: Any) -> Any:
    return evolve(seen, live=False) if isinstance(seen, Observed) else seen


class Drill:
    """The stage of one scenario. Everything that happens is written into `trace`."""

    def __init__(self, rollout: Rollout, *, ready_after_s: float = 1.0, verdicts: Verdicts | None = None) -> None:
        self.rollout = rollout
        self.world = World(rollout, ready_after_s=ready_after_s)
        self.world.before = self._before
        self.trace = Trace(self.world)
        self.verdicts = verdicts or Verdicts()
        self.processes: dict[str, Process] = {}
        self._person = Engine(rollout, self._backend(), clock=self.clock())

    def _backend(self) -> Backend:
        return over(self.world, metrics={"verdicts": self.verdicts}, hooks=self.verdicts)

    @staticmethod
    def clock(jump_s: float = 0.0) -> Clock:
        """A clock that shows the world's time, shifted by so much."""
        loop = asyncio.get_running_loop()
        return Clock(wall=lambda: START + timedelta(seconds=loop.time() + jump_s))

    async def _before(self, name: str) -> None:
        caller = _CALLER.get()
        if caller is not None:
            await caller.calls(name)

    # Engines.

    async def start(self, who: str = "A", *, jump_s: float = 0.0) -> Process:
        """Starts an engine of this name; one that runs under it is killed first.

        Clocks jump between processes; of two that live at once they differ by half a second at most.
        """
        await self.kill(who)
        twins = [process.jump_s for process in self.processes.values() if process.alive]
        jump_s = twins[0] + max(min(jump_s, SKEW_S), -SKEW_S) if twins else jump_s
        process = Process(who, self.rollout, self._backend(), self.trace, jump_s)
        self.trace.note(f"starts, its clock {jump_s:+g} s off", who)
        self.processes[who] = process
        return process

    async def kill(self, who: str = "A") -> None:
        """Kills the engine of this name, if it runs."""
        process = self.processes.pop(who, None)
        if process is not None:
            if process.alive:
                process.kill()
            await process.gone()

    async def stop(self) -> None:
        """Ends all engines, in order."""
        for process in self.processes.values():
            process.released.set()
            process.engine.stop()
        for process in self.processes.values():
            await process.gone()
        self.processes.clear()

    # People and outsiders.

    async def apply(self, image: str | None = None, **fields: Any) -> None:
        """A person declares another image, or other fields."""
        wanted = changed(self.world.stored.rollout or self.rollout, **fields)
        wanted = wanted.with_template(template(image)) if image else wanted
        await self.ask(f"applies {image or fields}", lambda: self._person.apply(wanted))

    async def ask(self, what: str, command: Callable[[], Awaitable[object]]) -> None:
        """A person asks for something; what is illegal, stale or cannot be stored now changes nothing."""
        try:
            await command()
        except BluegreenError as error:
            what += f", in vain: {type(error).__name__}"
        self.trace.note(what, "a person")

    async def command(self, name: str, revision: RevisionId | None = None, **more: Any) -> None:
        """A person's command about this revision (default: the one in progress)."""
        about = revision or (self.world.record.current if self.world.record else None) or RevisionId("none")
        method: Callable[..., Awaitable[object]] = getattr(self._person, name)
        await self.ask(f"asks for {name}", lambda: method(about, by="ann", **more))

    def outsider(self, what: str, edit: Callable[[], object]) -> None:
        """Somebody else changes the world."""
        edit()
        self.trace.note(what, "an outsider")

    def nth(self, index: int) -> Revision | None:
        """One of the revisions that exist, by a number that wraps around."""
        found = sorted(self.world.revisions.values(), key=lambda one: one.ordinal)
        return found[index % len(found)] if found else None

    # The end of the faults.

    async def calm(self, seconds: float) -> Trace:
        """Ends every fault, leaves the engines alone for so long, stops them, and returns the trace."""
        world = self.world
        for what in ("workloads", "records", *(f"layer {name}" for name in world.layers)):
            world.see(what)
        world._refused.clear()
        for one in world.revisions.values():
            if one.ready_after_s < NEVER and any(replica.ready_at == NEVER for replica in one.replicas):
                world.recover(one.id)
        for process in self.processes.values():
            process.stalls.clear()
            process.deadly_calls.clear()
            process.deadly_events.clear()
            process.released.set()
        if not any(process.alive for process in self.processes.values()):
            await self.start("Z")
        self.trace.calm()
        await asyncio.sleep(seconds)
        self.trace.note("the end", "the drill")
        await self.stop()
        return self.trace


@contextmanager
def no_time_limits() -> Generator[None]:
    """Actions may be begun, and may take, as late and as long as they like: no safety rests on these limits."""
    act = "bluegreen.engine.act"
    with patch(f"{act}.FRESH_S", 1e9), patch(f"{act}.ACT_TIMEOUT_S", 1e9), patch(f"{act}.PREPARE_TIMEOUT_S", 1e9):
        yield


def run(scenario: Callable[[], Awaitable[Trace]]) -> Trace:
    """Plays a scenario in virtual time."""

    async def main() -> Trace:
        return await scenario()

    return virtual_time.run(main())
