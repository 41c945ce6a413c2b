"""Rules for `Workloads`: what a write needs, and what it leaves, whoever interferes."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from bluegreen.snapshot import RevisionState
from bluegreen.testing.conformance.calling import must
from bluegreen.testing.conformance.cancelling import cancelled_everywhere
from bluegreen.testing.conformance.noticing import Step, no_change_is_missed
from bluegreen.testing.conformance.workloads.stage import On, replicas


async def versions_are_new(on: On) -> None:
    """A, B, A, A, and once more after the revision was forgotten."""
    versions: list[str] = []
    for asked in (1, 1, 2, 2):
        versions.append((await on.ensure(on.a, asked)).version)
    for asked in (2, 1, 1):
        versions.append((await on.retire(on.a, asked)).version)
    for asked in (2, 2):
        versions.append((await on.ensure(on.a, asked)).version)
    await on.gone(on.a)
    versions.append((await on.ensure(on.a, 1)).version)
    must(len(set(versions)) == len(versions), f"a version came again, or did not change with a write: {versions}")


async def old_versions_are_refused(on: On) -> None:
    """Whoever changed it meanwhile."""
    old = (await on.ensure(on.a, 1)).version
    await _refused_with(on, old, await on.ensure(on.a, 2), "before ensure")
    old = (await on.seen(on.a)).version
    await _refused_with(on, old, await on.retire(on.a, 2), "before retire")
    if on.stage.scale is not None:
        old = (await on.seen(on.a)).version
        await on.stage.scale(old_name := await on.name(on.a), 1)
        await on.stage.scale(old_name, 2)
        await _refused_with(on, old, await on.seen(on.a), "before somebody else's edit")
    for unknown in on.unknown:
        await _refused_with(on, unknown, await on.seen(on.a), "nobody gave out")
    never = on.adapter.retire(await on.name(on.b), if_version=old, replicas=0)
    await on.calls.refused(never, "retire of a revision that is not there")
    empty, now = await on.ensure(on.b, 0), await on.ensure(on.b, 0)
    early = on.adapter.forget(empty.id, if_version=empty.version)
    await on.calls.refused(early, "forget of an empty revision with a version that does not hold")
    must((await on.seen(on.b)).version == now.version, "forget was refused, and changed the version")


async def _refused_with(on: On, version: str, now: RevisionState, which: str) -> None:
    with_it = f"with a version from {which}" if which.startswith("before") else f"with a version {which}"
    await on.calls.refused(on.adapter.retire(now.id, if_version=version, replicas=0), f"retire {with_it}")
    await on.calls.refused(on.adapter.forget(now.id, if_version=version), f"forget {with_it}")
    after = await on.seen(on.a)
    must(
        (after.replicas, after.version) == (now.replicas, now.version),
        f"retire {with_it} was refused, and changed {now.replicas} replicas to {after.replicas}, or the version",
    )


async def own_writes_are_seen(on: On) -> None:
    """The look after an accepted write shows it, and so does another adapter's."""
    for rollout, asked in ((on.a, 2), (on.b, 1), (on.a, 3)):
        replicas(await on.ensure(rollout, asked), asked, f"right after ensure {asked}")
        if on.stage.another is not None:
            replicas(
                await on.seen(rollout, on.stage.another), asked, f"for another adapter, right after ensure {asked},"
            )
    for asked in (1, 0):
        replicas(await on.retire(on.a, asked), asked, f"right after retire to {asked}")
    must((await on.seen(on.b)).replicas == 1, "writes to one revision changed another")


async def one_of_two_wins(on: On) -> None:
    """Two engines retire with the same version."""
    if (another := on.stage.another) is None:
        return
    for _ in range(5):
        now = await on.ensure(on.a, 3)
        won = await on.calls.one_wins(
            on.adapter.retire(now.id, if_version=now.version, replicas=2),
            another.retire(now.id, if_version=now.version, replicas=1),
            "two scale-downs at once with the same version",
        )
        replicas(await on.seen(on.a), (2, 1)[won], "after two scale-downs at once, of which one was refused,")


async def cancelled_writes_can_be_repeated(on: On) -> None:
    """Cancelled wherever that may be, a call can be made again, and comes to the same end."""
    name = await on.name(on.a)

    async def looking() -> Coroutine[Any, Any, object]:
        return on.adapter.observe(on.a)

    async def ensuring() -> Coroutine[Any, Any, object]:
        return on.adapter.ensure(on.a, name, 2)

    async def retiring() -> Coroutine[Any, Any, object]:
        return on.adapter.retire(name, if_version=(await on.ensure(on.a, 2)).version, replicas=1)

    async for _ in cancelled_everywhere(on.calls, ensuring, "ensure"):
        must(len(left := (await on.look()).revisions) <= 1, f"a cancelled ensure left {len(left)} revisions")
        replicas(await on.ensure(on.a, 2), 2, "after a cancelled ensure was repeated")
        await on.gone(on.a)
    async for _ in cancelled_everywhere(on.calls, retiring, "retire"):
        replicas(await on.retire(on.a, 1), 1, "after a cancelled retire was repeated")
    async for _ in cancelled_everywhere(on.calls, looking, "observe"):
        replicas(await on.seen(on.a), 1, "after a cancelled observe")
    await on.gone(on.a)
    await _cancelled_forgets(on)


async def _cancelled_forgets(on: On) -> None:
    """Before each there has to be something to forget."""

    async def forgetting() -> Coroutine[Any, Any, object]:
        await on.ensure(on.a, 0)
        now = await on.retire(on.a, 0)
        return on.adapter.forget(now.id, if_version=now.version)

    async for _ in cancelled_everywhere(on.calls, forgetting, "forget"):
        await on.ensure(on.a, 0)
        await on.gone(on.a)
        must(not (await on.look()).revisions, "after a cancelled forget was repeated, the revision is still there")


async def changes_are_noticed(on: On) -> None:
    """`changed()` returns after what others did, and after what failed."""
    writer = on.stage.another or on.adapter
    name = await on.name(on.a)
    await on.ensure(on.a, 2)
    await on.comes(on.a, 2)

    async def ensured() -> None:
        await on.calls.done(writer.ensure(on.a, name, 2), "ensure")

    changes: list[tuple[str, Step]] = [("a revision was ensured", ensured)]
    if (scale := on.stage.scale) is not None:
        changes.append(("somebody else scaled a revision", lambda: scale(name, 2)))
    await no_change_is_missed(on.calls, on.adapter, lambda: on.look(on.a), changes)
    if (fail := on.stage.fail) is not None:
        await on.comes(on.a, 2)
        failed: list[tuple[str, Step]] = [("a replica failed", lambda: fail(name))]
        await no_change_is_missed(on.calls, on.adapter, lambda: on.comes(on.a, 2), failed)


async def errors_are_in_words(on: On) -> None:
    """What cannot be reached is an error: never nothing, never a `Conflict`."""
    if (cut := on.stage.cut) is None:
        return
    now = await on.ensure(on.a, 1)
    async with cut():
        await on.calls.unreachable(on.adapter.observe(on.a), "observe")
        await on.calls.unreachable(on.adapter.ensure(on.a, now.id, 2), "ensure")
        await on.calls.unreachable(on.adapter.retire(now.id, if_version=now.version), "retire")
        await on.calls.unreachable(on.adapter.forget(now.id, if_version=now.version), "forget")
    after = await on.seen(on.a)
    must(after.replicas == 1, f"calls that failed changed 1 replica to {after.replicas}")
    replicas(await on.ensure(on.a, 2), 2, "once the system can be reached again")
