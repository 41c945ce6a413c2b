"""Rules for routers: what can be addressed, where traffic goes, and what interference leaves."""

from __future__ import annotations

from collections.abc import Collection, Coroutine
from typing import Any

from attrs import evolve

from bluegreen.snapshot import Slot, Target
from bluegreen.testing.conformance.calling import must
from bluegreen.testing.conformance.cancelling import cancelled_everywhere
from bluegreen.testing.conformance.noticing import Step, no_change_is_missed
from bluegreen.testing.conformance.router.stage import On, other, shown, shows


async def prepare_moves_nothing(on: On) -> None:
    """Neither what a slot shows, nor who answers."""
    slots = await on.begin()
    await _converged(on)
    for targets in (on.targets[1:], on.targets[2:], ()):
        await on.prepare(targets)
        state = await on.look()
        for slot in slots:
            shows(state, slot, on.a, f"{[one.revision for one in targets]} were prepared")
            await _answered(on, slot, "after a prepare that does not name what the slot shows")


async def only_these_are_prepared(on: On) -> None:
    """With the addresses that they have now; twice is as once."""
    await on.begin()
    if (await on.look()).prepared is None:
        return
    a, b, c = on.targets
    moved = evolve(a, addresses=b.addresses)
    for targets in ((a, b, c), (a, b), (a, b), (a, c), (a, evolve(c, addresses=())), (moved, b), (a, b)):
        await on.prepare(targets)
        await _prepared(on, targets, "these, and only these, were asked for")


async def what_is_shown_stays_prepared(on: On) -> None:
    """Asked for or not."""
    slots = await on.begin()
    if (await on.look()).prepared is None:
        return
    a, b, c = on.targets
    await on.point(slots[-1], on.b)
    shown_now = {a, b} if len(slots) > 1 else {b}
    for targets in ((c,), ()):
        await on.prepare(targets)
        await _prepared(on, {*shown_now, *targets}, "what a slot shows stays, asked for or not")


async def _prepared(on: On, targets: Collection[Target], why: str) -> None:
    found, wanted = (await on.look()).prepared, frozenset(targets)
    must(found == wanted, f"{why}: prepared has to be {_words(wanted)}, and is {_words(found or ())}")


def _words(targets: Collection[Target]) -> str:
    return str(sorted((one.revision, one.addresses) for one in targets))


async def it_converges(on: On) -> None:
    """In the end a look says so, and new connections are answered by what the slot shows."""
    for slot in await on.begin():
        for revision in (on.b, on.a):
            await on.point(slot, revision)
            await _converged(on)
            shows(await on.look(), slot, revision, "once it has converged")
            for _ in range(3):
                await _answered(on, slot, "once it has converged")


async def requests_in_flight_are_told(on: On) -> None:
    """A look is not drained while the revision that was shown before still answers one, and is so once that ended."""
    if (busy := on.stage.busy) is None:
        return

    async def drained() -> bool:
        return (await on.look()).drained

    await on.begin()
    await _converged(on)
    async with busy():
        await on.point(Slot.ACTIVE, on.b)
        must(not await drained(), "a request is in flight to what active showed before, and a look says drained")
    await on.calls.until(drained, "the layer is drained once no request is in flight")


async def _converged(on: On) -> None:
    async def converged() -> bool:
        return (await on.look()).converged

    await on.calls.until(converged, "the layer converges")


async def _answered(on: On, slot: Slot, when: str) -> None:
    if on.stage.answers is None:
        return
    wanted, found = shown(await on.look(), slot), await on.stage.answers(slot)
    must(found == wanted, f"{when}, {slot} shows {wanted}, and revision {found} answers")


async def cancelled_calls_can_be_repeated(on: On) -> None:
    """Cancelled wherever that may be, a call can be made again, and comes to the same end."""
    for slot in await on.begin():
        await _cancelled_writes(on, slot)

    async def preparing() -> Coroutine[Any, Any, object]:
        return on.adapter.prepare(on.targets[:2])

    async def looking() -> Coroutine[Any, Any, object]:
        return on.adapter.observe()

    before = await on.look()
    async for when in cancelled_everywhere(on.calls, preparing, "prepare"):
        shows(await on.look(), Slot.ACTIVE, before.active, when)
        await on.prepare(on.targets)
        if before.prepared is not None:
            await _prepared(on, on.targets, f"{when}, and then prepared anew")
    async for when in cancelled_everywhere(on.calls, looking, "observe"):
        shows(await on.look(), Slot.ACTIVE, before.active, when)


async def _cancelled_writes(on: On, slot: Slot) -> None:
    async def pointing() -> Coroutine[Any, Any, object]:
        state = await on.point(slot, on.a)
        return on.adapter.point(slot, on.b, if_version=state.token(slot))

    before = await on.look()
    async for when in cancelled_everywhere(on.calls, pointing, f"point {slot}"):
        state = await on.look()
        must(shown(state, slot) in (on.a, on.b), f"{when}, it shows {shown(state, slot)}, which nobody asked for")
        shows(state, other(slot), shown(before, other(slot)), f"the other slot stays; {when}")
        await on.point(slot, on.b)


async def changes_are_noticed(on: On) -> None:
    """`changed()` returns after what others wrote."""
    slots = await on.begin()
    writer = on.stage.another or on.adapter

    async def pointed() -> None:
        state = await on.look(writer)
        await on.point(slots[-1], on.b if shown(state, slots[-1]) == on.a else on.a, writer)

    changes: list[tuple[str, Step]] = [("a slot was pointed elsewhere", pointed)]
    if (edit := on.stage.point_elsewhere) is not None:
        changes.append(("somebody else edited a slot", lambda: edit(Slot.ACTIVE, on.c)))
    await no_change_is_missed(on.calls, on.adapter, on.look, changes)


async def errors_are_in_words(on: On) -> None:
    """What cannot be reached is an error: never a slot that shows nothing, never a `Conflict`."""
    if (cut := on.stage.cut) is None:
        return
    await on.begin()
    before = await on.look()
    version = before.version
    async with cut():
        await on.calls.unreachable(on.adapter.observe(), "observe")
        if before.prepared is not None:
            await on.calls.unreachable(on.adapter.prepare(on.targets), "prepare")
        await on.calls.unreachable(on.adapter.point(Slot.ACTIVE, on.b, if_version=version), "point")
    shows(await on.look(), Slot.ACTIVE, on.a, "calls failed while the layer could not be reached")
    await on.point(Slot.ACTIVE, on.b)
