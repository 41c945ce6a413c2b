"""The stage of one simulation: engines on one world in memory, in virtual time, and whoever interferes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from bluegreen.backends.memory import World, over
from bluegreen.backends.memory.world import Revision
from bluegreen.engine import Engine
from bluegreen.errors import BluegreenError
from bluegreen.ports import Backend, Hooks, MetricProvider
from bluegreen.spec import RevisionId, Rollout
from bluegreen.testing.simulator.process import Process, clock
from bluegreen.testing.trace import Trace

SKEW_S: Final = 0.5
"""The wall clocks of two engines that live at once differ by no more than this; between processes they may jump."""


class Stage:
    """Everything that happens on it is written into `trace`. Lives in a running loop of virtual time.

    `metrics` and `hooks` are who answers the engines; `refusals` are the calls that the world refuses, whoever makes
    them, each so many times.
    """

    def __init__(
        self,
        rollout: Rollout,
        world: World,
        *,
        metrics: Mapping[str, MetricProvider] | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self.rollout = rollout
        self.world = world
        self.trace = Trace(world)
        self.processes: dict[str, Process] = {}
        self.refusals: list[tuple[str, int]] = []
        self._cuts: Counter[tuple[str, str]] = Counter()
        self._dead: list[Process] = []
        self._metrics = metrics
        self._hooks = hooks
        self.person = Engine(rollout, self.backend(), clock=clock())

    def backend(self) -> Backend:
        """The world as it is, with nothing between it and whoever asks."""
        return over(self.world, metrics=self._metrics, hooks=self._hooks)

    # Engines.

    async def start(self, who: str = "A", *, jump_s: float = 0.0) -> Process:
        """Starts an engine of this name; one that runs under it is killed first.

        Clocks jump between processes; of two that live at once they differ by half a second at most.
        """
        await self.kill(who)
        twins = [process.jump_s for process in self.processes.values() if process.alive]
        jump_s = twins[0] + max(min(jump_s, SKEW_S), -SKEW_S) if twins else jump_s
        process = Process(who, self.rollout, self.backend(), self.trace, jump_s)
        process.wire.refused = self.refusals
        self.trace.note(f"starts, its clock {jump_s:+g} s off", who)
        self.processes[who] = process
        self._cut_wires()
        return process

    async def kill(self, who: str = "A") -> None:
        """Kills the engine of this name, if it runs."""
        process = self.processes.pop(who, None)
        if process is not None:
            self._dead.append(process)
            if process.alive:
                process.kill()
            await process.gone()

    async def stop(self) -> None:
        """Ends all engines, in order."""
        for process in self.processes.values():
            process.wire.released.set()
            process.engine.stop()
        for process in self.processes.values():
            await process.gone()
        self.processes.clear()

    # People and outsiders.

    async def ask(self, what: str, command: Callable[[], Awaitable[object]]) -> None:
        """A person asks for something; what is illegal, stale or cannot be stored now changes nothing."""
        try:
            await command()
        except BluegreenError as error:
            what += f", in vain: {type(error).__name__}"
        self.trace.note(what, "a person")

    async def command(self, name: str, revision: RevisionId | None = None, **more: Any) -> None:
        """A person's command about this revision (default: the one in progress): a method of the engine."""
        about = revision or (self.world.record.current if self.world.record else None) or RevisionId("none")
        method: Callable[..., Awaitable[object]] = getattr(self.person, name)
        await self.ask(f"asks for {name}", lambda: method(about, by="ann", **more))

    def outsider(self, what: str, edit: Callable[[], object]) -> None:
        """Somebody else changes the world."""
        edit()
        self.trace.note(what, "an outsider")

    def nth(self, index: int) -> Revision | None:
        """One of the revisions that exist, by a number that wraps around."""
        found = sorted(self.world.revisions.values(), key=lambda one: one.ordinal)
        return found[index % len(found)] if found else None

    def cut(self, what: str, who: str = "") -> None:
        """Nobody, or not the engine of this name, reaches a part of the world until `join` was called as often."""
        self._cuts[who, what] += 1
        self._cut_wires()
        self.trace.note(f"cannot reach {what}" if who else f"reaches {what} any more", who or "nobody")

    def join(self, what: str, who: str = "") -> None:
        """Ends one `cut`."""
        self._cuts[who, what] -= 1
        self._cut_wires()
        if self._cuts[who, what] <= 0:
            self.trace.note(f"reaches {what} again", who or "everybody")

    def _cut_wires(self) -> None:
        for process in self.processes.values():
            process.wire.cut = {
                part for (who, part), times in self._cuts.items() if times > 0 and who in ("", process.who)
            }

    # The end of the faults.

    async def calm(self, seconds: float) -> Trace:
        """Ends every fault, leaves the engines alone for so long, stops them, and returns the trace."""
        world = self.world
        world.mend()
        self.mend_wires()
        if not any(process.alive for process in self.processes.values()):
            await self.start("Z")
        self.trace.calm()
        await asyncio.sleep(seconds)
        return await self.end()

    def mend_wires(self) -> None:
        """Every part of the world can be reached, and nothing is held up, refused or lost; also not of the dead."""
        self._cuts.clear()
        self.refusals.clear()
        for process in (*self.processes.values(), *self._dead):
            process.mend()

    async def end(self) -> Trace:
        """Stops the engines, and returns the trace."""
        self.trace.note("the end", "the simulation")
        await self.stop()
        return self.trace
