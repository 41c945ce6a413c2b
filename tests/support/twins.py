"""Scenarios of engines that live side by side: one stalls in the middle of acting, and wakes up much later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from bluegreen.record import Healthy, Paused
from bluegreen.testing.trace import Trace
from tests.support.drill import Drill
from tests.support.worlds import V1, V2, rollout

FOREVER_S = 1e6


async def until(drill: Drill, phase: type, attempt: int, within_s: float = 120) -> None:
    """Waits until the stored record is in this phase of this attempt."""
    async with asyncio.timeout(within_s):
        while not (
            drill.world.record and isinstance(drill.world.record.phase, phase) and drill.world.record.attempt == attempt
        ):
            await asyncio.sleep(0.1)


async def stalled(drill: Drill, who: str) -> None:
    """Waits until this engine stalls."""
    async with asyncio.timeout(120):
        while not any(one.who == who and str(one.event).startswith("stalls") for one in drill.trace.moments):
            await asyncio.sleep(0.1)


async def wake(drill: Drill, who: str) -> None:
    """The stalled engine goes on where it was; no other engine does anything until it has acted."""
    drill.processes[who].wire.stalls.clear()
    drill.processes[who].wire.released.set()
    await asyncio.sleep(0)


async def healthy_on_v1(**fields: Any) -> Drill:
    """A drill with v1 live on two layers, and engine A."""
    fields = {"abort_scale_down_delay_seconds": 1, "layers": ("edge", "mesh"), "drain_min_seconds": 0, **fields}
    drill = Drill(rollout(**fields))
    await drill.start("A")
    await until(drill, Healthy, 1)
    return drill


async def a_promotion_is_stuck(**fields: Any) -> Drill:
    """Engine A has saved that layer edge is to show v2, and stalls before it does that. A person aborts."""
    drill = await healthy_on_v1(**fields)
    drill.processes["A"].wire.stalls.append(("edge point", FOREVER_S))
    await drill.apply("v2")
    await stalled(drill, "A")
    await drill.command("abort")
    return drill


async def a_late_promotion_after_the_retirement() -> Trace:
    """The aborted revision is scaled down by B; only then does A's write go out."""
    drill = await a_promotion_is_stuck()
    b = await drill.start("B")
    b.wire.stalls.append(("prepare", FOREVER_S))  # which would give the layer another token by chance
    await asyncio.sleep(60)
    await wake(drill, "A")
    await asyncio.sleep(1)
    return await drill.calm(120)


async def the_one_who_fences_dies() -> Trace:
    """B saves that it ends A's write, and dies before it has; C goes on from its record."""
    drill = await a_promotion_is_stuck()
    b = await drill.start("B")
    b.wire.deadly.append(("point", 1))
    await asyncio.sleep(5)
    assert not b.alive
    c = await drill.start("C")
    c.wire.stalls.append(("prepare", FOREVER_S))  # which would give the layer another token by chance
    await asyncio.sleep(60)
    await wake(drill, "A")
    await asyncio.sleep(1)
    return await drill.calm(120)


async def a_late_promotion_in_the_next_attempt() -> Trace:
    """Abort, then retry at once; in the new attempt nobody has said yes when the write of the old one goes out."""
    drill = await healthy_on_v1(auto_promotion_enabled=False)
    drill.processes["A"].wire.stalls.append(("edge point", FOREVER_S))
    await drill.apply("v2")
    await until(drill, Paused, 2)
    await drill.command("promote")
    await stalled(drill, "A")
    await drill.command("abort")
    await drill.command("retry")
    await drill.start("B")
    await until(drill, Paused, 3)
    await wake(drill, "A")
    await asyncio.sleep(1)
    return await drill.calm(120)


async def a_late_scale_down_of_what_is_live_again() -> Trace:
    """A has saved that v2 is scaled down, and stalls; a retry brings v2 live through B; then A's write goes out."""
    drill = await a_scale_down_is_stuck()
    await drill.command("retry")
    await drill.start("B")
    await until(drill, Healthy, 3)
    await wake(drill, "A")
    await asyncio.sleep(1)
    return await drill.calm(120)


async def a_scale_down_is_stuck() -> Drill:
    """v2 is aborted before its promotion; A has saved that it is scaled down, and stalls before it does that."""
    drill = await healthy_on_v1()
    drill.processes["A"].wire.stalls.append(("retire", FOREVER_S))
    await drill.apply("v2", paused=True)
    await until(drill, Paused, 2)
    await drill.command("abort")
    await stalled(drill, "A")
    await drill.apply(paused=False)
    return drill


async def an_old_decision_is_saved_late() -> Trace:
    """A decides to scale v2 down, and stalls before its save; B brings v2 live; then A saves, and acts."""
    drill = await healthy_on_v1(abort_scale_down_delay_seconds=5)
    await drill.apply("v2", paused=True)
    await until(drill, Paused, 2)
    await drill.command("abort")
    await asyncio.sleep(3)
    drill.processes["A"].wire.stalls.append(("save", FOREVER_S))
    await stalled(drill, "A")
    await drill.apply(paused=False)
    await drill.command("retry")
    await drill.start("B")
    await until(drill, Healthy, 3)
    await wake(drill, "A")
    await asyncio.sleep(1)
    return await drill.calm(120)


async def back_to_what_is_being_scaled_down(glimpse: Callable[[Drill], Awaitable[None]]) -> Trace:
    """v2 is live and B has saved that v1 is scaled down; a person aborts; C decides on an older look at v1.

    `glimpse` makes engine C see the world as it was before the token of v1 changed for the last time.
    """
    drill = await healthy_on_v1(scale_down_delay_seconds=6)
    await drill.apply("v2")
    await until(drill, Healthy, 2)
    await drill.kill("A")
    await glimpse(drill)
    drill.outsider("scales v1 to what it has", lambda: drill.world.scale_elsewhere(V1, 2))
    b = await drill.start("B")
    b.wire.stalls.append(("retire", FOREVER_S))
    await stalled(drill, "B")
    await drill.command("abort")
    c = drill.processes["C"]
    c.wire.stalls[:] = [("point", FOREVER_S)]
    c.wire.released.set()
    await asyncio.sleep(0.01)
    c.wire.released.clear()
    await asyncio.sleep(5)
    await wake(drill, "B")
    await asyncio.sleep(1)
    await wake(drill, "C")
    await asyncio.sleep(1)
    return await drill.calm(120)


async def _a_cache(drill: Drill) -> None:
    """C's next looks are what it sees now."""
    c = await drill.start("C")
    await asyncio.sleep(0.5)
    c.wire.stalls.append(("records load", FOREVER_S))
    await stalled(drill, "C")
    c.looker.stale_looks, c.looker.age = 3, 1


async def _a_look_that_begins_with_the_world(drill: Drill) -> None:
    """C has looked at the world, and stalls before it loads the record (which it should have done first)."""
    c = await drill.start("C")
    c.wire.stalls.append(("records load", FOREVER_S))
    await stalled(drill, "C")


async def back_on_a_stale_look() -> Trace:
    """C decides on what a cache shows of v1."""
    return await back_to_what_is_being_scaled_down(_a_cache)


async def back_on_a_record_read_last() -> Trace:
    """C has looked at the world before it loads the record."""
    return await back_to_what_is_being_scaled_down(_a_look_that_begins_with_the_world)


async def a_retirement_on_a_stale_look() -> Trace:
    """A's late promotion lands after an abort; C sees layers in a cache from before, and only that."""
    drill = await healthy_on_v1()
    await drill.apply("v2", paused=True)
    await until(drill, Paused, 2)
    await _a_cache(drill)
    await drill.apply(min_ready_seconds=0)
    for name in drill.world.layers:
        drill.outsider(f"points {name} where it is", partial(drill.world.point_elsewhere, name, V1))
    drill.processes["A"].wire.stalls.append(("edge point", FOREVER_S))
    await drill.apply(paused=False)
    await stalled(drill, "A")
    await drill.command("abort")
    drill.processes["A"].deadly_events.append(("Acted", 1))
    await wake(drill, "A")
    await asyncio.sleep(0.01)
    assert drill.world.live()["edge"] == V2
    c = drill.processes["C"]
    c.looker.stale_looks = 200
    await wake(drill, "C")
    await asyncio.sleep(5)
    c.looker.stale_looks = 0
    return await drill.calm(120)


async def a_late_promotion_after_there_and_back() -> Trace:
    """A stalls; B promotes v2 without it; a person aborts; v2 is scaled down; then A's write goes out."""
    drill = await healthy_on_v1()
    drill.processes["A"].wire.stalls.append(("edge point", FOREVER_S))
    await drill.apply("v2")
    await stalled(drill, "A")
    await drill.start("B")
    await until(drill, Healthy, 2)
    await drill.command("abort")
    await asyncio.sleep(60)
    await wake(drill, "A")
    await asyncio.sleep(1)
    return await drill.calm(120)
