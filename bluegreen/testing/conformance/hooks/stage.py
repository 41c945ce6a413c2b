"""A place where hooks run, for their rules, and calls that have to end well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager

from attrs import field, frozen

from bluegreen.ports import Hooks
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON, RevisionId
from bluegreen.testing.conformance.calling import Calls, must


@frozen
class Stage:
    """A place of its own, the adapter on it, the hooks that may run there, each as in `RunHook`, and what else may be
    done; None where that cannot be done.

    `quick(mark)` is a step that ends well and soon, and `times(mark)` says how often it has happened. `endless(mark)`
    is one that does not end by itself, and `runs(mark)` says whether it is at work. `failing` are steps that run and
    fail, by a few words for each; `passing` are steps that do not happen now, and may later (a server that cannot be
    reached); `wrong` are hooks that make no sense, so that none is begun. `another` is a second adapter on the same
    place, as another engine has one. `reopened` gives up all that this process holds, as a crash does, and opens the
    place anew.
    """

    hooks: Hooks
    quick: Callable[[str], Mapping[str, JSON]]
    times: Callable[[str], int]
    endless: Callable[[str], Mapping[str, JSON]]
    failing: Mapping[str, Mapping[str, JSON]]
    wrong: Mapping[str, Mapping[str, JSON]]
    passing: Mapping[str, Mapping[str, JSON]] = field(factory=dict[str, Mapping[str, JSON]])
    another: Hooks | None = None
    runs: Callable[[str], bool] | None = None
    reopened: Callable[[], Awaitable[Hooks]] | None = None


@frozen
class Case:
    """How to make a fresh place. Each call, and whatever has to come true, may take `limit_s` seconds."""

    make: Callable[[], AbstractAsyncContextManager[Stage]]
    limit_s: float = 20


class On:
    """A stage, and calls on it that have to end well."""

    def __init__(self, stage: Stage, case: Case) -> None:
        self.stage = stage
        self.adapter = stage.hooks
        self.calls = Calls(case.limit_s)

    async def start(self, under: Key, hook: Mapping[str, JSON], by: Hooks | None = None) -> None:
        """Starts a step that makes sense."""
        await self.calls.done((by or self.adapter).start(under, hook), f"start {under.run} {under.number}")

    async def poll(self, under: Key, by: Hooks | None = None) -> Outcome | None:
        """What has become of a step that was started."""
        found = await self.calls.done((by or self.adapter).poll(under), f"poll {under.run} {under.number}")
        if found is not None:
            _whole(found, under)
        return found

    async def cancel(self, under: Key, by: Hooks | None = None) -> None:
        """Cancels, which is no error whatever the step does."""
        await self.calls.done((by or self.adapter).cancel(under), f"cancel {under.run} {under.number}")

    async def ended(self, under: Key, by: Hooks | None = None) -> Outcome:
        """What becomes of a step."""
        found: list[Outcome] = []

        async def over() -> bool:
            if (outcome := await self.poll(under, by)) is not None:
                found.append(outcome)
            return bool(found)

        await self.calls.until(over, f"{under.run} {under.number} comes to an end")
        return found[0]

    async def went_well(self, under: Key, by: Hooks | None = None) -> Outcome:
        """What becomes of a step that has to end well."""
        outcome = await self.ended(under, by)
        must(not outcome.error, f"the step of {under.run} {under.number} ends well, and its error is {outcome.error!r}")
        return outcome

    async def happened(self, mark: str, when: str) -> None:
        """Raises `Violation` unless the step of this mark has happened exactly once."""
        times = self.stage.times(mark)
        must(times == 1, f"{when}: the step has to happen once, and happened {times} times")

    async def at_work(self, mark: str) -> None:
        """Waits until an endless step is seen to be at work, where that can be seen."""
        if (runs := self.stage.runs) is None:
            return

        async def seen() -> bool:
            return runs(mark)

        await self.calls.until(seen, "an endless step is at work")


def key(run: str, number: int = 0, attempt: int = 1, revision: str = "bbb", metric: str = "") -> Key:
    """The key of a step."""
    return Key(RevisionId(revision), attempt, run, metric, number)


def said(outcome: Outcome) -> tuple[JSON, str, bool]:
    """What an outcome comes to: its value, its error, and whether that may pass."""
    return outcome.value, outcome.error, outcome.retry


def _whole(outcome: Outcome, under: Key) -> None:
    """Raises `Violation` unless it is an outcome as the engine takes it."""
    must(outcome.key == under, f"poll of {under!r} gave the outcome of {outcome.key!r}")
    zones = (outcome.started_at.tzinfo, outcome.finished_at.tzinfo)
    must(None not in zones, f"the outcome of {under.run} has a time without a zone")
    must(outcome.started_at <= outcome.finished_at, f"the step of {under.run} ended before it began: {outcome!r}")
    if outcome.error:
        must(outcome.value is None, f"an outcome with an error has no value, and this came: {outcome!r:.300}")
