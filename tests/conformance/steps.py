"""Hooks in memory that keep every rule, and a case for them and for those that do not."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import define, field

from bluegreen.errors import BackendError, PermanentBackendError
from bluegreen.ports import Hooks
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON
from bluegreen.testing.conformance import hooks

START = datetime(2026, 1, 1, tzinfo=UTC)


@define
class Step:
    """A step, and when it began and ended, in the loop's seconds; `ends_at` None: by itself it never does."""

    hook: Mapping[str, JSON]
    began_at: float
    ends_at: float | None
    cancelled: bool = False


@define(eq=False)
class Machine:
    """Where steps run: it outlives the adapters on it."""

    steps: dict[Key, Step] = field(factory=dict[Key, Step])
    happened: Counter[str] = field(factory=Counter[str])

    def now(self) -> float:
        """The loop's seconds."""
        return asyncio.get_running_loop().time()

    def runs(self, mark: str) -> bool:
        """Whether a step of this mark is at work."""
        steps = [one for one in self.steps.values() if one.hook["mark"] == mark]
        return any(one.ends_at is None or self.now() < one.ends_at for one in steps)


class Steps:
    """Keeps every promise of `Hooks`. A hook says how it ends: `well`, `badly`, or `never`."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        """See `Hooks`."""
        await self.wait()
        if hook.get("ends") not in ("well", "badly", "never", "later"):
            raise PermanentBackendError("a step ends well, badly or never", remedy="say which")
        if hook["ends"] == "later":
            raise BackendError("the machine is too busy now")
        if not self.known(key):
            self.begin(key, hook)

    async def poll(self, key: Key) -> Outcome | None:
        """See `Hooks`."""
        await self.wait()
        if key not in self.machine.steps:
            raise BackendError("no step was started under this key")
        step = self.machine.steps[key]
        if step.ends_at is None or self.machine.now() < step.ends_at:
            return None
        return self.outcome(key, step)

    async def cancel(self, key: Key) -> None:
        """See `Hooks`."""
        await self.wait()
        step = self.machine.steps.get(key)
        if step is not None and (step.ends_at is None or self.machine.now() < step.ends_at):
            step.ends_at, step.cancelled = self.machine.now(), True

    async def wait(self) -> None:
        """Every call begins with this: the way to the machine."""
        for _ in range(3):
            await asyncio.sleep(0.001)

    def known(self, key: Key) -> bool:
        """Whether a step was started under this key."""
        return key in self.machine.steps

    def begin(self, key: Key, hook: Mapping[str, JSON]) -> None:
        """The step happens."""
        now = self.machine.now()
        self.machine.happened[str(hook["mark"])] += 1
        self.machine.steps[key] = Step(hook, now, None if hook["ends"] == "never" else now + 0.1)

    def outcome(self, key: Key, step: Step) -> Outcome:
        """What became of a step that has ended."""
        times = [START + timedelta(seconds=at or 0.0) for at in (step.began_at, step.ends_at)]
        if step.cancelled:
            return Outcome(key, times[0], times[1], error="cancelled", retry=False)
        if step.hook["ends"] == "badly":
            return Outcome(key, times[0], times[1], error="exit code 1: no such table", retry=False)
        return Outcome(key, times[0], times[1], value={"exitCode": 0})


def hooks_case(kind: Callable[[Machine], Hooks] = Steps) -> hooks.Case:
    """Steps in memory, or some like them."""

    def step(ends: str, mark: str = "none") -> dict[str, Any]:
        return {"kind": "step", "ends": ends, "mark": mark}

    @asynccontextmanager
    async def make() -> AsyncGenerator[hooks.Stage]:
        machine = Machine()

        async def reopened() -> Hooks:
            getattr(kind, "crash", lambda _: None)(machine)
            return kind(machine)

        yield hooks.Stage(
            hooks=kind(machine),
            quick=lambda mark: step("well", mark),
            times=lambda mark: machine.happened[mark],
            endless=lambda mark: step("never", mark),
            failing={"a step that ends badly": step("badly")},
            wrong={"a step that ends nohow": step("nohow")},
            passing={"a step that a busy machine refuses": step("later")},
            another=kind(machine),
            runs=machine.runs,
            reopened=reopened,
        )

    return hooks.Case(make, limit_s=5)
