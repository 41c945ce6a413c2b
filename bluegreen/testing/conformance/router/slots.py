"""Rules for routers: what a write of a slot needs, and what it leaves."""

from __future__ import annotations

from bluegreen.snapshot import RouterState, Slot
from bluegreen.spec import RevisionId
from bluegreen.testing.conformance.calling import must
from bluegreen.testing.conformance.router.stage import On, other, shown, shows


async def looking_changes_nothing(on: On) -> None:
    """Neither what the slots show, nor their versions."""
    await on.begin()
    before = _same(await on.look())
    for _ in range(3):
        now = _same(await on.look())
        must(now == before, f"observe changed {before} to {now}")


def _same(state: RouterState) -> tuple[object, ...]:
    return state.active, state.preview, state.version, state.preview_version


async def the_other_slot_stays(on: On) -> None:
    """A write of one slot is a write of that slot."""
    for slot in (slots := await on.begin()):
        state = await on.point(slot, on.b)
        if len(slots) > 1:
            shows(state, other(slot), on.a, f"{slot} was pointed elsewhere")
        await on.point(slot, on.a)


async def own_writes_are_seen(on: On) -> None:
    """By this adapter, and by another."""
    for slot in await on.begin():
        for revision in (on.b, on.c, on.c, on.a):
            await on.point(slot, revision)
            if on.stage.another is not None:
                seen = await on.look(on.stage.another)
                shows(seen, slot, revision, "another adapter looks right after the write")


async def versions_are_new(on: On) -> None:
    """A, B, A, A, with a prepare in between."""
    for slot in await on.begin():
        versions = [(await on.look()).token(slot)]
        for revision in (on.a, on.b, on.a, on.a):
            versions.append((await on.point(slot, revision)).token(slot))
        await on.prepare(on.targets[:2])
        for revision in (on.b, on.b, on.a):
            versions.append((await on.point(slot, revision)).token(slot))
        must(
            len(set(versions)) == len(versions),
            f"a version of {slot} came again, or did not change with a write: {versions}",
        )


async def old_versions_are_refused(on: On) -> None:
    """Also where the slot shows again what it showed when the version was read."""
    for slot in await on.begin():
        first = (await on.look()).token(slot)
        await on.point(slot, on.b)
        second = (await on.look()).token(slot)
        await on.point(slot, on.a)
        for version in (first, second, *on.unknown):
            await _refused(on, slot, on.c, version)


async def _refused(on: On, slot: Slot, revision: RevisionId, version: str) -> None:
    before = await on.look()
    what = f"point {slot} with a version that does not hold"
    await on.calls.refused(on.adapter.point(slot, revision, if_version=version), what)
    after = await on.look()
    for one in Slot:
        shows(after, one, shown(before, one), f"{what} was refused")
    must(after.token(slot) == before.token(slot), f"{what} was refused, and changed the version")


async def edits_are_seen(on: On) -> None:
    """Somebody else's edit shows, and no version from before it holds."""
    if (edit := on.stage.point_elsewhere) is None:
        return
    for slot in await on.begin():
        version = (await on.look()).token(slot)
        await edit(slot, on.b)
        shows(await on.look(), slot, on.b, "somebody else pointed the slot there")
        await _refused(on, slot, on.c, version)
        await edit(slot, on.a)
        await _refused(on, slot, on.c, version)


async def one_of_two_wins(on: On) -> None:
    """Two engines point the same slot with the same version."""
    if (another := on.stage.another) is None:
        return
    for slot in await on.begin():
        for _ in range(5):
            await on.look(another)
            version = (await on.point(slot, on.a)).token(slot)
            won = await on.calls.one_wins(
                on.adapter.point(slot, on.b, if_version=version),
                another.point(slot, on.c, if_version=version),
                f"two writes of {slot} at once with the same version",
            )
            shows(await on.look(), slot, (on.b, on.c)[won], "of two writes at once one was refused")


async def previews_have_their_own_version(on: On) -> None:
    """Where the preview slot lives in an object of its own, its version is for it alone."""
    slots = await on.begin()
    before = await on.look()
    if before.preview_version is None or Slot.PREVIEW not in slots:
        return
    after = await on.point(Slot.ACTIVE, on.b)
    must(after.preview_version == before.preview_version, "a write of active changed the version of preview")
    if after.version != after.preview_version:
        await _refused(on, Slot.PREVIEW, on.c, after.version)
        await _refused(on, Slot.ACTIVE, on.c, str(after.preview_version))
    previewed = await on.point(Slot.PREVIEW, on.b)
    must(previewed.version == after.version, "a write of preview changed the version of active")
