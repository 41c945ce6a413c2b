"""The rules for `Records`.

    await records.check(rule, case)      one of `RULES`: a test for each, by `pytest.mark.parametrize`
    await records.check_all(case)        all of them

Each rule has a place of its own where nothing was saved yet. Run them against the real system, not against a fake of
it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Final

from attrs import evolve, field, frozen

from bluegreen.errors import RecordConflict, RecordDamaged, RecordFromTheFuture
from bluegreen.ports import Records, Stored
from bluegreen.record import Entry, Record
from bluegreen.spec import RevisionId, Rollout
from bluegreen.testing.conformance.calling import Calls, must
from bluegreen.testing.conformance.cancelling import cancelled_everywhere
from bluegreen.testing.conformance.noticing import no_change_is_missed

_BORN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@frozen
class Stage:
    """A place of its own, the adapter on it, and what else the rules may do there; None where that cannot be done.

    `another` is a second adapter on the same place, as another engine has one. `reopened` gives up all that this
    process holds, as a crash does, and opens the place anew: for what is durable. While `cut` lasts the place cannot be
    reached. `damaged` are ways to spoil what is saved, by a few words for each (half of it,
    another text, none), each on top of those before.
    `from_the_future` makes of it what a newer version of this library writes: a greater `schema` in the record.
    """

    records: Records
    another: Records | None = None
    reopened: Callable[[], Awaitable[Records]] | None = None
    cut: Callable[[], AbstractAsyncContextManager[None]] | None = None
    damaged: Mapping[str, Callable[[], Awaitable[None]]] = field(factory=dict[str, Callable[[], Awaitable[None]]])
    from_the_future: Callable[[], Awaitable[None]] | None = None


@frozen
class Case:
    """How to make a fresh place, and what may be kept there.

    `rollouts` are two that differ; `keeps_rollouts` False: only the record is kept, for an API server has the Rollout.
    Each call may take `limit_s` seconds. `unknown_version` looks like a version of this place and was never given out;
    None: only versions that were are tried, for a system may call another malformed.
    """

    make: Callable[[], AbstractAsyncContextManager[Stage]]
    rollouts: tuple[Rollout, Rollout]
    keeps_rollouts: bool = True
    limit_s: float = 10
    unknown_version: str | None = None


async def check(rule: str, case: Case) -> None:
    """Raises `Violation` when the adapter breaks this rule, whose name is a key of `RULES`."""
    async with case.make() as stage:
        await RULES[rule](_On(stage, case))


async def check_all(case: Case) -> None:
    """Raises `Violation` at the first rule that the adapter breaks."""
    for rule in RULES:
        await check(rule, case)


class _On:
    """A stage, and calls on it that have to end well."""

    def __init__(self, stage: Stage, case: Case) -> None:
        self.stage = stage
        self.adapter = stage.records
        self.case = case
        self.calls = Calls(case.limit_s)

    def pair(self, number: int) -> tuple[Record, Rollout | None]:
        """A record, and the rollout that belongs to it."""
        entry = Entry(_BORN, "began", RevisionId("8f3c1"), by="Ann", why="“ça va” — \N{SNOWMAN} \\ \" ' \n")
        record = evolve(Record.new(_BORN), attempt=number, history=(entry,), proven=(RevisionId("8f3c1"),))
        return record, self.case.rollouts[number % 2] if self.case.keeps_rollouts else None

    async def load(self, by: Records | None = None) -> Stored:
        return await self.calls.done((by or self.adapter).load(), "load")

    async def save(self, number: int, by: Records | None = None) -> str:
        """Saves this pair over whatever is there; the version."""
        version = (await self.load(by)).version
        return await self.calls.done((by or self.adapter).save(*self.pair(number), if_version=version), "save")

    def holds(self, stored: Stored, number: int, when: str) -> None:
        """Raises `Violation` unless this pair was loaded, by what tells it from others."""
        _, rollout = self.pair(number)
        found = stored.record.attempt if stored.record else None
        must(found == number, f"{when} the record of attempt {number} is loaded, and that of attempt {found} came")
        must(stored.rollout == rollout, f"{when} the Rollout saved with it is loaded, and {stored.rollout!r:.300} came")


async def _nothing_is_none(on: _On) -> None:
    empty = await on.load()
    must((empty.record, empty.rollout) == (None, None), f"nothing was saved yet, and {empty!r} was loaded")
    await on.save(1)
    version = (await on.load()).version
    _, rollout = on.pair(2)
    await on.calls.done(on.adapter.save(None, rollout, if_version=version), "save without a record")
    now = await on.load()
    must((now.record, now.rollout) == (None, rollout), f"a save without a record leaves none, and {now!r} was loaded")


async def _loading_changes_nothing(on: _On) -> None:
    await on.save(1)
    version = (await on.load()).version
    for _ in range(3):
        now = await on.load()
        must(now.version == version, f"load changed the version from {version} to {now.version}")
        on.holds(now, 1, "after other loads")


async def _own_writes_are_seen(on: _On) -> None:
    for number in (1, 2, 3):
        version = await on.save(number)
        now = await on.load()
        on.holds(now, number, "right after a save")
        wanted = on.pair(number)[0]
        must(now.record == wanted, f"all of the record is loaded: {wanted!r} was saved, and {now.record!r} came")
        must(now.version == version, f"save returned version {version}, and load gives {now.version}")
        if on.stage.another is not None:
            on.holds(await on.load(on.stage.another), number, "by another adapter, right after a save,")


async def _versions_are_new(on: _On) -> None:
    versions = [(await on.load()).version]
    for number in (1, 2, 1, 1, 2):
        versions.append(await on.save(number))
    must(
        len(set(versions)) == len(versions),
        f"a version came again, or did not change with a save: {versions}",
    )


async def _old_versions_are_refused(on: _On) -> None:
    old = [(await on.load()).version, await on.save(1), await on.save(2)]
    await on.save(1, on.stage.another)
    unknown = () if on.case.unknown_version is None else (on.case.unknown_version,)
    for version in (*old, *unknown):
        stale = on.adapter.save(*on.pair(3), if_version=version)
        await on.calls.refused(stale, "a save with an old version", RecordConflict)
        on.holds(await on.load(), 1, "after a save with an old version was refused,")


async def _one_of_two_wins(on: _On) -> None:
    if (another := on.stage.another) is None:
        return
    for number in range(0, 10, 2):
        await on.load(another)
        version = (await on.load()).version
        won = await on.calls.one_wins(
            on.adapter.save(*on.pair(number), if_version=version),
            another.save(*on.pair(number + 1), if_version=version),
            "two saves at once with the same version",
            RecordConflict,
        )
        on.holds(await on.load(), number + won, "after two saves at once, of which one was refused,")


async def _both_in_one_swap(on: _On) -> None:
    reader = on.stage.another or on.adapter
    if not on.case.keeps_rollouts:
        return
    await on.save(0)
    saving = asyncio.ensure_future(_save_many(on))
    try:
        while not saving.done():
            now = await on.load(reader)
            number = now.record.attempt if now.record else -1
            on.holds(now, number, "while others save, what was saved together is loaded together:")
            await asyncio.sleep(0.001)
    finally:
        saving.cancel()
        await asyncio.wait([saving])
    await saving


async def _save_many(on: _On) -> None:
    for number in range(1, 21):
        await on.save(number)


async def _it_is_durable(on: _On) -> None:
    if (reopened := on.stage.reopened) is None:
        return
    await on.save(1)
    version = (await on.load()).version
    anew = await reopened()
    now = await on.load(anew)
    on.holds(now, 1, "once it was opened anew")
    must(now.version == version, f"once it was opened anew, version {version} has become {now.version}")
    again = await on.save(2, anew)
    must(again != version, f"once it was opened anew, version {version} came again")


async def _cancelled_saves_can_be_repeated(on: _On) -> None:
    numbers = iter(range(1, 1000))
    last = 0
    await on.save(0)

    async def saving() -> Coroutine[Any, Any, object]:
        nonlocal last
        last = next(numbers)
        return on.adapter.save(*on.pair(last), if_version=(await on.load()).version)

    async def loading() -> Coroutine[Any, Any, object]:
        return on.adapter.load()

    async for when in cancelled_everywhere(on.calls, saving, "save"):
        now = await on.load()
        number = now.record.attempt if now.record else -1
        on.holds(now, number, f"{when}: all of it was saved, or nothing;")
        await on.save(last)
        on.holds(await on.load(), last, f"{when}, and then saved anew:")
    async for when in cancelled_everywhere(on.calls, loading, "load"):
        on.holds(await on.load(), last, when)


async def _changes_are_noticed(on: _On) -> None:
    writer, numbers = on.stage.another, iter(range(1, 1000))
    if writer is None:
        return  # an adapter need not tell of what it saved itself
    await on.save(0)

    async def saved() -> None:
        await on.save(next(numbers), writer)

    await no_change_is_missed(on.calls, on.adapter, on.load, [("somebody else saved", saved)])


async def _errors_are_in_words(on: _On) -> None:
    if (cut := on.stage.cut) is None:
        return
    version = await on.save(1)
    async with cut():
        await on.calls.unreachable(on.adapter.load(), "load")
        await on.calls.unreachable(on.adapter.save(*on.pair(2), if_version=version), "save")
    on.holds(await on.load(), 1, "after calls that failed")
    await on.save(2)


async def _damage_is_told(on: _On) -> None:
    await on.save(1)
    for words, damage in on.stage.damaged.items():
        await damage()
        await _unusable(on, words, RecordDamaged)


async def _the_future_is_left_alone(on: _On) -> None:
    if (from_the_future := on.stage.from_the_future) is None:
        return
    await on.save(1)
    await from_the_future()
    await _unusable(on, "a record with a newer schema", RecordFromTheFuture)


async def _unusable(on: _On, words: str, kind: type[Exception]) -> None:
    """Also the second time, and for another: a load repairs nothing."""
    for adapter in (on.adapter, on.adapter, on.stage.another):
        if adapter is not None:
            await on.calls.refused(adapter.load(), f"a load of what is saved ({words})", kind)


RULES: Final[dict[str, Callable[[_On], Awaitable[None]]]] = {
    "nothing saved is None, and may be saved": _nothing_is_none,
    "a load changes nothing": _loading_changes_nothing,
    "a load after a save gives it whole, under the version that save returned": _own_writes_are_seen,
    "every save changes the version, to one never used before": _versions_are_new,
    "a save with an old version is refused, and changes nothing": _old_versions_are_refused,
    "of two saves at once with one version, one wins": _one_of_two_wins,
    "the record and the Rollout change in one swap": _both_in_one_swap,
    "what was saved survives a crash": _it_is_durable,
    "cancelled at any await it stays usable, and a repeat repairs": _cancelled_saves_can_be_repeated,
    "a change is never missed": _changes_are_noticed,
    "errors are BackendErrors in words, in time": _errors_are_in_words,
    "what is damaged is RecordDamaged, and never nothing": _damage_is_told,
    "a record from the future is RecordFromTheFuture, and left alone": _the_future_is_left_alone,
}
"""Each rule's name, in a sentence, and its check."""
