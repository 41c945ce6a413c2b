"""Records that break one promise each."""

import asyncio
from functools import partial
from typing import ClassVar
from weakref import WeakKeyDictionary

from attrs import evolve

from bluegreen.backends.memory import MemoryRecords, World
from bluegreen.errors import BackendError, Conflict, PermanentBackendError, RecordConflict
from bluegreen.ports import Stored
from bluegreen.record import Record
from bluegreen.spec import Rollout
from tests.conformance.wrong import Lock, Wrong, detached, stubborn
from tests.support.worlds import START


class Inventing(MemoryRecords):
    """Makes a record up where there is none."""

    async def load(self) -> Stored:
        stored = await super().load()
        return stored if stored.record else evolve(stored, record=Record.new(START))


class Insisting(MemoryRecords):
    """Saves nothing but a record."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        if record is None:
            raise BackendError("there is nothing to save")
        return await super().save(record, rollout, if_version=if_version)


class Stamping(MemoryRecords):
    """Writes when it loads."""

    async def load(self) -> Stored:
        self._world.stored = evolve(self._world.stored, version=self._world.token())
        return await super().load()


class Lossy(MemoryRecords):
    """Keeps no history."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        kept = evolve(record, history=()) if record else None
        return await super().save(kept, rollout, if_version=if_version)


class Misnaming(MemoryRecords):
    """Returns another version than the one that it stored."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        return await super().save(record, rollout, if_version=if_version) + "+"


class Hashing(MemoryRecords):
    """Takes a hash of the content for a version."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        await super().save(record, rollout, if_version=if_version)
        version = f"sha256:{record.attempt if record else None}"
        self._world.stored = evolve(self._world.stored, version=version)
        return version


class Unmoved(MemoryRecords):
    """Writes nothing where nothing is to be changed."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        stored = self._world.stored
        if (stored.record, stored.rollout, stored.version) == (record, rollout, if_version) and record:
            return stored.version
        return await super().save(record, rollout, if_version=if_version)


class Trusting(MemoryRecords):
    """Saves whatever the version."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        return await super().save(record, rollout, if_version=self._world.stored.version)


class Mistaken(MemoryRecords):
    """Refuses by the wrong kind of error."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        try:
            return await super().save(record, rollout, if_version=if_version)
        except RecordConflict as error:
            raise Conflict(str(error)) from None


class Racing(MemoryRecords):
    """Compares, and then writes."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        await self._world.call("records save")
        if self._world.stored.version != if_version:
            raise RecordConflict("it changed since it was read")
        await asyncio.sleep(0.001)
        self._world.stored = Stored(self._world.token(), record, rollout)
        self._world.touch("records")
        return self._world.stored.version


class Twofold(MemoryRecords):
    """Saves the rollout, and then the record."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        stored = self._world.stored
        version = await super().save(stored.record, rollout, if_version=if_version)
        return await super().save(record, rollout, if_version=version)


class Volatile(MemoryRecords):
    """Keeps the record in its process."""

    _kept: ClassVar[WeakKeyDictionary[World, Record]] = WeakKeyDictionary()

    @classmethod
    def crash(cls, world: World) -> None:
        """The process is no more."""
        cls._kept.pop(world, None)

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        version = await super().save(None, rollout, if_version=if_version)
        self._kept.pop(self._world, None)
        if record is not None:
            self._kept[self._world] = record
        return version

    async def load(self) -> Stored:
        return evolve(await super().load(), record=self._kept.get(self._world))


class Restarting(MemoryRecords):
    """Counts its versions, and begins anew with each process."""

    _counts: ClassVar[WeakKeyDictionary[World, int]] = WeakKeyDictionary()

    @classmethod
    def crash(cls, world: World) -> None:
        """The process is no more."""
        cls._counts.pop(world, None)

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        await super().save(record, rollout, if_version=if_version)
        count = self._counts[self._world] = self._counts.get(self._world, 0) + 1
        self._world.stored = evolve(self._world.stored, version=f"save {count}")
        return f"save {count}"


class Locking(MemoryRecords):
    """Keeps its lock when it is cancelled."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._lock = Lock()

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        return await self._lock.held(partial(super().save, record, rollout, if_version=if_version))


class Detached(MemoryRecords):
    """Goes on in a task when it is cancelled."""

    async def load(self) -> Stored:
        return await detached(super().load)


class Stubborn(MemoryRecords):
    """Does not let itself be cancelled."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        await stubborn(super().save(record, rollout, if_version=if_version))
        return self._world.stored.version


class Deaf(MemoryRecords):
    """Hears only what happens while it listens."""

    async def changed(self) -> None:
        self._seen = self._world.changes["records"]
        await super().changed()


class Unable(MemoryRecords):
    """Takes what cannot be read for nothing."""

    async def load(self) -> Stored:
        try:
            return await super().load()
        except BackendError:
            return Stored("")


class Raw(MemoryRecords):
    """Lets its library's errors through."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        try:
            return await super().save(record, rollout, if_version=if_version)
        except BackendError:
            raise OSError("No space left on device") from None


class Keeping(MemoryRecords):
    """Keeps the record when none is to be saved."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        return await super().save(record or self._world.stored.record, rollout, if_version=if_version)


class Cached(MemoryRecords):
    """Reads again only when it has saved itself, or after a while."""

    _kept: Stored | None = None
    _until = 0.0

    async def load(self) -> Stored:
        if self._kept is None or self._world.time() > self._until:
            self._kept = await super().load()
            self._until = self._world.time() + 0.3
        return self._kept

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        self._kept = None
        return await super().save(record, rollout, if_version=if_version)


class Sly(MemoryRecords):
    """Refuses, and saves all the same."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        try:
            return await super().save(record, rollout, if_version=if_version)
        except RecordConflict:
            self._world.stored = evolve(self._world.stored, record=record, rollout=rollout)
            raise


class Unfelt(MemoryRecords):
    """Says that nothing could be saved, and has saved it."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        try:
            return await super().save(record, rollout, if_version=if_version)
        except BackendError:
            self._world.stored = Stored(self._world.token(), record, rollout)
            raise


class Renaming(MemoryRecords):
    """Gives what it finds a version of its own when it is opened."""

    @classmethod
    def crash(cls, world: World) -> None:
        """The process is no more."""
        world.stored = evolve(world.stored, version=world.token())


class Resigned(MemoryRecords):
    """Take a place that cannot be reached now for one that never can."""

    async def load(self) -> Stored:
        try:
            return await super().load()
        except BackendError as error:
            raise PermanentBackendError(str(error), remedy="mend the network") from None


NONE = "nothing saved is None, and may be saved"
WHOLE = "a load after a save gives it whole, under the version that save returned"
NEW = "every save changes the version, to one never used before"
OLD = "a save with an old version is refused, and changes nothing"
ONE_WINS = "of two saves at once with one version, one wins"
SWAP = "the record and the Rollout change in one swap"
DURABLE = "what was saved survives a crash"
CANCELLED = "cancelled at any await it stays usable, and a repeat repairs"
CHANGED = "a change is never missed"
ERRORS = "errors are BackendErrors in words, in time"
LOOK = "a load changes nothing"

WRONG = (
    Wrong(Inventing, NONE, "nothing was saved yet"),
    Wrong(Insisting, NONE, "save without a record has to end well"),
    Wrong(Keeping, NONE, "a save without a record leaves none"),
    Wrong(Cached, WHOLE, "by another adapter, right after a save"),
    Wrong(Sly, OLD, "after a save with an old version was refused", {ONE_WINS}),
    Wrong(Unfelt, ERRORS, "after calls that failed"),
    Wrong(Renaming, DURABLE, "once it was opened anew, version"),
    Wrong(Stamping, LOOK, "load changed the version", {WHOLE, SWAP, DURABLE}),
    Wrong(Lossy, WHOLE, "all of the record is loaded"),
    Wrong(Misnaming, WHOLE, "and load gives"),
    Wrong(Hashing, NEW, "a version came again", {OLD}),
    Wrong(Unmoved, NEW, "or did not change with a save"),
    Wrong(Trusting, OLD, "a save with an old version has to be refused and it was not"),
    Wrong(Mistaken, OLD, "has to be refused by RecordConflict, and Conflict", {ONE_WINS}),
    Wrong(Racing, ONE_WINS, "both won"),
    Wrong(Twofold, SWAP, "what was saved together is loaded together", {CANCELLED}),
    Wrong(Volatile, DURABLE, "once it was opened anew the record of attempt 1 is loaded, and that of"),
    Wrong(Restarting, DURABLE, "came again"),
    Wrong(Locking, CANCELLED, "no answer in time: save"),
    Wrong(Detached, CANCELLED, "tasks go on running"),
    Wrong(Stubborn, CANCELLED, "went on as if nothing had been"),
    Wrong(Deaf, CHANGED, "changed(), begun after somebody else saved"),
    Wrong(Unable, ERRORS, "and it was not: Stored"),
    Wrong(Resigned, ERRORS, "may be reached later, and"),
    Wrong(Raw, ERRORS, "raises BackendError, and OSError"),
)
