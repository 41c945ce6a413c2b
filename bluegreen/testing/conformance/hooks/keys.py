"""Rules for hooks: one step under one key, whoever starts it, and wherever they are stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from bluegreen.snapshot import Outcome
from bluegreen.testing.conformance.calling import must
from bluegreen.testing.conformance.cancelling import cancelled_everywhere
from bluegreen.testing.conformance.hooks.stage import On, key, said

AT_ONCE = 5
"""So many start the same step at the same time."""


async def started_again_it_does_nothing(on: On) -> None:
    """At once, while it runs, and after its end."""
    hook = on.stage.quick("again")
    await asyncio.gather(*(on.start(key("again"), hook) for _ in range(AT_ONCE)))
    first = await on.went_well(key("again"))
    for _ in range(2):
        await on.start(key("again"), hook)
        now = await on.ended(key("again"))
        must(said(now) == said(first), f"started again after its end, its outcome {said(first)} became {said(now)}")
    await on.happened("again", f"{AT_ONCE} started it at once, and two more after its end")


async def each_key_is_a_step(on: On) -> None:
    """All of the key counts: the revision, the attempt, the gate, the metric and the number."""
    keys = [
        key("one"),
        key("two"),
        key("one", number=1),
        key("one", attempt=2),
        key("one", revision="ccc"),
        key("one", metric="m"),
        key("one.1"),
    ]
    for number, under in enumerate(keys):
        await on.start(under, on.stage.quick(f"each-{number}"))
    for number, under in enumerate(keys):
        await on.went_well(under)
        await on.happened(f"each-{number}", f"{under!r} is a key of its own")


async def two_start_one_step(on: On) -> None:
    """Two engines start it at once, and both see how it ends."""
    if (another := on.stage.another) is None:
        return
    for number in range(3):
        under, mark = key("both", number), f"both-{number}"
        hook = on.stage.quick(mark)
        await asyncio.gather(on.start(under, hook), on.start(under, hook, another))
        for by in (on.adapter, another):
            await on.went_well(under, by)
        await on.happened(mark, "two engines started it at once")


async def a_crash_loses_no_step(on: On) -> None:
    """Who comes after a crash starts it once more under its key, and then polls."""
    if (reopened := on.stage.reopened) is None:
        return
    under, running = key("crash"), key("endless")
    await on.start(under, on.stage.quick("crash"))
    before = await on.went_well(under)
    await on.start(running, on.stage.endless("crash-endless"))
    await on.at_work("crash-endless")
    anew = await reopened()
    await on.start(under, on.stage.quick("crash"), anew)
    after = await on.went_well(under, anew)
    must(after.value == before.value, f"after a crash its value {before.value!r:.200} became {after.value!r:.200}")
    await on.happened("crash", "it ended before a crash, and was started once more after it")
    await on.start(running, on.stage.endless("crash-endless"), anew)
    found = await on.poll(running, anew)
    must(found is None, f"a step that ran when everything crashed runs still, and this came: {found!r:.300}")
    await on.cancel(running, anew)
    await _stopped(on, await on.ended(running, anew), "crash-endless")


async def cancelled_it_stops(on: On) -> None:
    """With an error, for good; cancelling once more changes nothing."""
    await on.start(key("stop"), on.stage.endless("stop"))
    await on.at_work("stop")
    await on.cancel(key("stop"))
    first = await on.ended(key("stop"))
    await _stopped(on, first, "stop")
    await on.cancel(key("stop"))
    again = await on.ended(key("stop"))
    must(said(again) == said(first), f"cancelling what was cancelled changed {said(first)} to {said(again)}")


async def _stopped(on: On, outcome: Outcome, mark: str) -> None:
    must(bool(outcome.error), f"a step that was cancelled did not end well, and its outcome is {outcome!r:.300}")
    must(not outcome.retry, "a step that was cancelled is not tried again, and its outcome says that it may be")
    if (runs := on.stage.runs) is not None:

        async def over() -> bool:
            return not runs(mark)

        await on.calls.until(over, "a step that was cancelled has stopped")


async def cancelling_is_harmless(on: On) -> None:
    """What has ended keeps its outcome, and what never began is no error."""
    await on.cancel(key("never"))
    await on.start(key("ended"), on.stage.quick("ended"))
    before = await on.went_well(key("ended"))
    await on.cancel(key("ended"))
    after = await on.ended(key("ended"))
    must(said(after) == said(before), f"cancelling what has ended changed {said(before)} to {said(after)}")


async def interrupted_calls_can_be_repeated(on: On) -> None:
    """Calls that are cancelled at an await: not the step, which is only `cancel`'s to stop."""
    number = 0

    async def starting() -> Coroutine[Any, Any, object]:
        nonlocal number
        number += 1
        return on.adapter.start(key("start", number), on.stage.quick(f"start-{number}"))

    async def polling() -> Coroutine[Any, Any, object]:
        return on.adapter.poll(key("start", number))

    async def stopping() -> Coroutine[Any, Any, object]:
        nonlocal number
        number += 1
        await on.start(key("cancel", number), on.stage.endless(f"cancel-{number}"))
        await on.at_work(f"cancel-{number}")
        return on.adapter.cancel(key("cancel", number))

    async for when in cancelled_everywhere(on.calls, starting, "start"):
        await on.start(key("start", number), on.stage.quick(f"start-{number}"))
        await on.went_well(key("start", number))
        await on.happened(f"start-{number}", f"{when}, and started once more")
    async for _ in cancelled_everywhere(on.calls, polling, "poll"):
        await on.went_well(key("start", number))
    async for _ in cancelled_everywhere(on.calls, stopping, "cancel"):
        await on.cancel(key("cancel", number))
        await _stopped(on, await on.ended(key("cancel", number)), f"cancel-{number}")
