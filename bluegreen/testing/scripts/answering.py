"""Who answers what engines ask in a script: metrics and hooks are good until a line says otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from attrs import define, field

from bluegreen.ports import NoData
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON
from bluegreen.testing.simulator.answers import Answers
from bluegreen.testing.simulator.process import START
from bluegreen.testing.simulator.series import Silence

HOOK_S = 1.0
"""A hook takes so long."""


@define
class Answering:
    """A metric provider and a runner of hooks. `exactly` are values that were named; all else is as `answers` has it.

    `hooks` is what becomes of a hook, by its name: `succeeds` (default), `fails`, `never ends`.
    """

    answers: Answers
    exactly: dict[str, JSON] = field(factory=dict[str, JSON])
    hooks: dict[str, str] = field(factory=dict[str, str])
    _started: dict[Key, tuple[float, str]] = field(factory=dict[Key, tuple[float, str]])

    def says(self, metric: str, value: JSON) -> None:
        """This metric says exactly this, or is silent in one of the four ways, from now on."""
        self.exactly.pop(metric, None)
        self.answers.forced.pop(metric, None)
        if isinstance(value, Silence):
            self.answers.forced[metric] = value
        else:
            self.exactly[metric] = value

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData:
        """What was said last; of two colours, the stable one is always good."""
        name, revision = query["metric"], query.get("revision")
        record = self.answers.world.record
        stable = record.stable if record else None
        if name in self.exactly and (revision is None or revision != stable):
            return self.exactly[name]
        return await self.answers.measure(query)

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        """Begins the step, unless it has begun under this key."""
        self._started.setdefault(key, (asyncio.get_running_loop().time(), str(hook["name"])))

    async def poll(self, key: Key) -> Outcome | None:
        """The outcome, once the step has taken its time."""
        if key not in self._started:
            return Outcome(key, START, START, error="it never began")
        at_s, name = self._started[key]
        becomes = self.hooks.get(name, "succeeds")
        if becomes == "never ends" or asyncio.get_running_loop().time() < at_s + HOOK_S:
            return None
        error = "the step failed" if becomes == "fails" else ""
        return Outcome(key, START, START, value=None if error else "done", error=error, retry=False)

    async def cancel(self, key: Key) -> None:
        """Forgets the step."""
        self._started.pop(key, None)
