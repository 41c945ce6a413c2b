"""Hooks that break one promise each."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, cast
from weakref import WeakSet

from attrs import evolve

from bluegreen.errors import BackendError, PermanentBackendError
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON
from tests.conformance.steps import START, Machine, Step, Steps
from tests.conformance.wrong import Lock, Wrong, detached, stubborn


class Mute(Steps):
    """Says nothing of a success."""

    def outcome(self, key: Key, step: Step) -> Outcome:
        found = super().outcome(key, step)
        return found if found.error else evolve(found, value=None)


class Unkeepable(Steps):
    """Has a value that is no JSON."""

    def outcome(self, key: Key, step: Step) -> Outcome:
        found = super().outcome(key, step)
        return found if found.error else evolve(found, value=cast(JSON, {1, 2}))


class Meddling(Steps):
    """Changes the hook."""

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        await super().start(key, hook)
        if key not in self.machine.steps:
            return
        self.machine.steps[key].hook = dict(hook)
        cast(dict[str, Any], hook).pop("kind", None)


class Cheerful(Steps):
    """Takes every end for a good one."""

    def outcome(self, key: Key, step: Step) -> Outcome:
        found = super().outcome(key, step)
        return found if step.cancelled else evolve(found, error="", value={"exitCode": 1})


class Terse(Steps):
    """Says a number where words are needed."""

    def outcome(self, key: Key, step: Step) -> Outcome:
        found = super().outcome(key, step)
        return evolve(found, error="1") if found.error and not step.cancelled else found


class Hopeful(Steps):
    """Has what failed tried again."""

    def outcome(self, key: Key, step: Step) -> Outcome:
        return evolve(found := super().outcome(key, step), retry=bool(found.error) and not step.cancelled)


class Final(Steps):
    """Gives up at once."""

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        try:
            await super().start(key, hook)
        except BackendError as error:
            raise PermanentBackendError(str(error), remedy="try another machine") from None


class Trying(Steps):
    """Takes nonsense for something that may pass."""

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        try:
            await super().start(key, hook)
        except PermanentBackendError as error:
            raise BackendError(str(error)) from None


class Restless(Steps):
    """Tells another end each time."""

    def outcome(self, key: Key, step: Step) -> Outcome:
        found = super().outcome(key, step)
        return evolve(found, finished_at=found.finished_at + timedelta(seconds=self.machine.now()))


class Hasty(Steps):
    """Has an outcome before there is one."""

    async def poll(self, key: Key) -> Outcome | None:
        found = await super().poll(key)
        step = self.machine.steps[key]
        return found or self.outcome(key, evolve(step, ends_at=step.began_at)) if step.ends_at is None else found


class Patient(Steps):
    """Waits for what was never started."""

    async def poll(self, key: Key) -> Outcome | None:
        return await super().poll(key) if key in self.machine.steps else None


class Raw(Steps):
    """Falls over what was never started."""

    async def poll(self, key: Key) -> Outcome | None:
        await self.wait()
        if key not in self.machine.steps:
            raise KeyError(key)
        return await super().poll(key)


class Rerunning(Steps):
    """Runs it again when it is over."""

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        step = self.machine.steps.get(key)
        if step is not None and step.ends_at is not None and step.ends_at < self.machine.now():
            self.machine.happened[str(step.hook["mark"])] += 1
        await super().start(key, hook)


class Coarse(Steps):
    """Takes the gate's name for the key."""

    def _coarse(self, key: Key) -> Key:
        return evolve(key, metric="")

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        await super().start(self._coarse(key), hook)

    async def poll(self, key: Key) -> Outcome | None:
        found = await super().poll(self._coarse(key))
        return evolve(found, key=key) if found else None


class Private(Steps):
    """Knows what it has started itself, and nothing else."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self._own: set[Key] = set()

    def known(self, key: Key) -> bool:
        return key in self._own

    def begin(self, key: Key, hook: Mapping[str, JSON]) -> None:
        self._own.add(key)
        super().begin(key, hook)


class Forgetful(Steps):
    """Remembers nothing after a crash."""

    @classmethod
    def crash(cls, machine: Machine) -> None:
        """The process is no more."""
        machine.steps.clear()


class Spared(Steps):
    """Lets what is cancelled run on, and says that it has stopped."""

    async def cancel(self, key: Key) -> None:
        step = self.machine.steps.get(key)
        await super().cancel(key)
        if step is not None and step.cancelled:
            self.machine.steps[evolve(key, metric="left over")] = evolve(step, ends_at=None)


class Again(Steps):
    """Has what was cancelled tried again."""

    def outcome(self, key: Key, step: Step) -> Outcome:
        return evolve(super().outcome(key, step), retry=step.cancelled)


class Fine(Steps):
    """Takes what was cancelled for done."""

    def outcome(self, key: Key, step: Step) -> Outcome:
        return super().outcome(key, evolve(step, cancelled=False))


class Late(Steps):
    """Takes back what has ended."""

    async def cancel(self, key: Key) -> None:
        await super().cancel(key)
        if key in self.machine.steps:
            self.machine.steps[key].cancelled = True


class Fussy(Steps):
    """Complains that what it is to cancel never began."""

    async def cancel(self, key: Key) -> None:
        if key not in self.machine.steps:
            raise BackendError("no step was started under this key")
        await super().cancel(key)


class Locking(Steps):
    """Keeps its lock when it is cancelled."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self._lock = Lock()

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        await self._lock.held(partial(super().start, key, hook))


class Detached(Steps):
    """Goes on in a task when it is cancelled."""

    async def poll(self, key: Key) -> Outcome | None:
        return await detached(partial(super().poll, key))


class Stubborn(Steps):
    """Does not let itself be cancelled."""

    async def cancel(self, key: Key) -> None:
        await stubborn(super().cancel(key))


class Halfway(Steps):
    """Begins a second time what it was interrupted in beginning."""

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        if key not in self.machine.steps and hook.get("ends") == "well":
            self.machine.happened[str(hook["mark"])] += 1
            try:
                await asyncio.sleep(0.001)
            except asyncio.CancelledError:
                raise
            self.machine.happened[str(hook["mark"])] -= 1
        await super().start(key, hook)


class Doubtful(Steps):
    """Has what may pass end for good, in its outcome."""

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        await super().start(key, {**hook, "ends": "badly"} if hook.get("ends") == "later" else hook)


class Guessing(Steps):
    """Takes what was never started for done."""

    async def poll(self, key: Key) -> Outcome | None:
        if key in self.machine.steps:
            return await super().poll(key)
        return Outcome(key, START, START, value={"exitCode": 0})


class Mortal(Steps):
    """Takes its steps along when it dies, and takes that for their end."""

    @classmethod
    def crash(cls, machine: Machine) -> None:
        """The process is no more."""
        for step in machine.steps.values():
            step.ends_at, step.cancelled = step.ends_at or machine.now(), step.cancelled or step.ends_at is None


class Amnesiac(Steps):
    """Remembers after a crash that a step has ended, and not with what."""

    _crashed: ClassVar[WeakSet[Machine]] = WeakSet()

    @classmethod
    def crash(cls, machine: Machine) -> None:
        """The process is no more."""
        cls._crashed.add(machine)

    def outcome(self, key: Key, step: Step) -> Outcome:
        found = super().outcome(key, step)
        return evolve(found, value={}) if found.value is not None and self.machine in self._crashed else found


class Fickle(Steps):
    """Blames whoever cancels last."""

    async def cancel(self, key: Key) -> None:
        step = self.machine.steps.get(key)
        if step is not None and step.cancelled:
            step.hook = {**step.hook, "blamed": True}
        await super().cancel(key)

    def outcome(self, key: Key, step: Step) -> Outcome:
        found = super().outcome(key, step)
        return evolve(found, error="cancelled twice") if step.hook.get("blamed") else found


VALUE = "a step that ends well has a value and no error"
FAILS = "a step that fails says why, and is not tried again"
LATER = "a step that did not happen and may later says so"
NONSENSE = "a hook that makes no sense is refused for good"
STAYS = "a step that runs has no outcome, and then always the same"
UNKNOWN = "a key that was never started does not run"
AGAIN = "started again under its key, it does not happen again"
KEYS = "each key is a step of its own"
TWO = "two that start it at once start one step"
CRASH = "after a crash a step is found again by its key"
CANCEL = "cancelled, a step stops with an error, for good"
HARMLESS = "cancelling what has ended, or never began, changes nothing"
INTERRUPTED = "interrupted at any await it stays usable, and a repeat repairs"

WRONG = (
    Wrong(Mute, VALUE, "a step that ended well has a value"),
    Wrong(Unkeepable, VALUE, "cannot be kept"),
    Wrong(Meddling, VALUE, "start changed the hook"),
    Wrong(Cheerful, FAILS, "it fails, and its outcome has no error"),
    Wrong(Terse, FAILS, "'1' does not say in words"),
    Wrong(Hopeful, FAILS, "says that it may be tried again"),
    Wrong(Final, LATER, "is for good"),
    Wrong(Doubtful, LATER, "its outcome says that trying again is of no use"),
    Wrong(Guessing, UNKNOWN, "nothing was started under a key, and poll gave"),
    Wrong(Mortal, CRASH, "a step that ran when everything crashed runs still"),
    Wrong(Amnesiac, CRASH, "after a crash its value"),
    Wrong(Fickle, CANCEL, "cancelling what was cancelled changed"),
    Wrong(Trying, NONSENSE, "has to be refused by PermanentBackendError, and BackendError"),
    Wrong(Restless, STAYS, "an outcome stays"),
    Wrong(Hasty, STAYS, "a step that runs has no outcome", {CRASH}),
    Wrong(Patient, UNKNOWN, "poll says that it runs"),
    Wrong(Raw, UNKNOWN, "KeyError"),
    Wrong(Rerunning, AGAIN, "the step has to happen once, and happened", {CRASH}),
    Wrong(Coarse, KEYS, "is a key of its own: the step has to happen once, and happened 0 times"),
    Wrong(Private, TWO, "two engines started it at once: the step has to happen once, and happened 2 times", {CRASH}),
    Wrong(Forgetful, CRASH, "it ended before a crash, and was started once more after it"),
    Wrong(Spared, CANCEL, "a step that was cancelled has stopped", {INTERRUPTED, CRASH}),
    Wrong(Again, CANCEL, "a step that was cancelled is not tried again", {INTERRUPTED, CRASH}),
    Wrong(Fine, CANCEL, "a step that was cancelled did not end well", {INTERRUPTED, CRASH}),
    Wrong(Late, HARMLESS, "cancelling what has ended changed"),
    Wrong(Fussy, HARMLESS, "cancel never 0 has to end well"),
    Wrong(Locking, INTERRUPTED, "no answer in time: start"),
    Wrong(Detached, INTERRUPTED, "tasks go on running"),
    Wrong(Stubborn, INTERRUPTED, "went on as if nothing had been"),
    Wrong(Halfway, INTERRUPTED, "the step has to happen once, and happened 2 times"),
)
