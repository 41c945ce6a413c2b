"""Records that keep texts, which can be damaged, and those that take a damaged text for something else."""

import json
from collections.abc import Awaitable, Callable
from typing import ClassVar
from weakref import WeakKeyDictionary

from attrs import evolve

from bluegreen.backends.memory import MemoryRecords, World
from bluegreen.codec import dump_record, load_record
from bluegreen.errors import BackendError, RecordDamaged, RecordError, RecordFromTheFuture
from bluegreen.ports import Stored
from bluegreen.record import Record
from bluegreen.spec import Rollout
from tests.conformance.wrong import Wrong


class Texts(MemoryRecords):
    """Keep every rule; the record is kept as a text."""

    _texts: ClassVar[WeakKeyDictionary[World, str]] = WeakKeyDictionary()

    @classmethod
    def spoilers(cls, world: World) -> dict[str, Callable[[], Awaitable[None]]]:
        """Ways to damage the text."""

        def by(change: Callable[[str], str]) -> Callable[[], Awaitable[None]]:
            async def spoil() -> None:
                cls._texts[world] = change(cls._texts[world])

            return spoil

        return {
            "half of it": by(lambda text: text[: len(text) // 2]),
            "another object": by(lambda _: '{"no": "record"}'),
            "no text": by(lambda _: ""),
        }

    @classmethod
    def age(cls, world: World) -> Callable[[], Awaitable[None]]:
        """A newer version of this library has written the text."""

        async def written() -> None:
            cls._texts[world] = json.dumps(json.loads(cls._texts[world]) | {"schema": 99})

        return written

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        version = await super().save(record, rollout, if_version=if_version)
        self._texts.pop(self._world, None)
        if record is not None:
            self._texts[self._world] = dump_record(record)
        return version

    async def load(self) -> Stored:
        stored = await super().load()
        text = self._texts.get(self._world)
        return evolve(stored, record=None if text is None else self.read(text))

    def read(self, text: str) -> Record | None:
        """What the text says."""
        return load_record(text)


class Fresh(Texts):
    """Take what is damaged for nothing, and begin anew."""

    def read(self, text: str) -> Record | None:
        try:
            return super().read(text)
        except RecordDamaged:
            return None


class Falsy(Texts):
    """Take a text without letters for none."""

    def read(self, text: str) -> Record | None:
        return super().read(text) if text else None


class Raw(Texts):
    """Let their library's errors through."""

    def read(self, text: str) -> Record | None:
        json.loads(text)
        return super().read(text)


class Hopeful(Texts):
    """Say that another try may help."""

    def read(self, text: str) -> Record | None:
        try:
            return super().read(text)
        except RecordError as error:
            raise BackendError(str(error)) from None


class Bold(Texts):
    """Read of a newer record what they know."""

    def read(self, text: str) -> Record | None:
        try:
            return super().read(text)
        except RecordFromTheFuture:
            return super().read(json.dumps({**json.loads(text), "schema": 1}))


class Blurring(Texts):
    """Say damaged of what is only new."""

    def read(self, text: str) -> Record | None:
        try:
            return super().read(text)
        except RecordFromTheFuture as error:
            raise RecordDamaged(str(error)) from None


class Resetting(Texts):
    """Say that it is damaged, and throw it away."""

    def read(self, text: str) -> Record | None:
        try:
            return super().read(text)
        except RecordDamaged:
            self._texts.pop(self._world)
            raise


DAMAGED = "what is damaged is RecordDamaged, and never nothing"
FUTURE = "a record from the future is RecordFromTheFuture, and left alone"

WRONG = (
    Wrong(Fresh, DAMAGED, "a load of what is saved (half of it) has to be refused and it was not"),
    Wrong(Falsy, DAMAGED, "a load of what is saved (no text) has to be refused and it was not"),
    Wrong(Raw, DAMAGED, "has to be refused by RecordDamaged, and JSONDecodeError"),
    Wrong(Hopeful, DAMAGED, "has to be refused by RecordDamaged, and BackendError", {FUTURE}),
    Wrong(Resetting, DAMAGED, "(half of it) has to be refused and it was not"),
    Wrong(Bold, FUTURE, "has to be refused and it was not"),
    Wrong(Blurring, FUTURE, "has to be refused by RecordFromTheFuture, and RecordDamaged"),
)
