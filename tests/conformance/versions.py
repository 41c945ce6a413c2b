"""Adapters that read a version: as an API server does, which keeps every rule, and as a careless one does."""

from typing import Any

from bluegreen.backends.memory import MemoryRecords, MemoryRouter, MemoryWorkloads
from bluegreen.errors import PermanentBackendError
from bluegreen.record import Record
from bluegreen.snapshot import Slot
from bluegreen.spec import RevisionId, Rollout
from tests.conformance.wrong import Wrong
from tests.conformance.wrong_records import OLD as OLD_RECORD
from tests.conformance.wrong_routers import OLD as OLD_SLOT
from tests.conformance.wrong_workloads import OLD as OLD_REVISION


def read(version: str) -> int:
    """The number of a version. Raises `PermanentBackendError` for what is none, as an API server says Invalid."""
    if not version.removeprefix("v").isdigit():
        raise PermanentBackendError(f"{version!r} is no version", remedy="send one that was read")
    return int(version.removeprefix("v"))


class StrictRouter(MemoryRouter):
    """Keeps every rule; what is no version is invalid, and no conflict."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        read(if_version)
        await super().point(slot, revision, if_version=if_version)


class StrictRecords(MemoryRecords):
    """Keep every rule; what is no version is invalid, and no conflict."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        read(if_version)
        return await super().save(record, rollout, if_version=if_version)


class StrictWorkloads(MemoryWorkloads):
    """Keep every rule; what is no version is invalid, and no conflict."""

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        read(if_version)
        await super().retire(revision, if_version=if_version, replicas=replicas)

    async def forget(self, revision: RevisionId, *, if_version: str) -> None:
        read(if_version)
        await super().forget(revision, if_version=if_version)


def _no_older(version: str, now: str) -> str:
    return now if read(version) >= read(now) else version


class NewerRouter(MemoryRouter):
    """Refuses only what is older than the version that holds."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        layer: Any = self._world.layers[self.name]
        await super().point(slot, revision, if_version=_no_older(if_version, layer.version))


class NewerRecords(MemoryRecords):
    """Refuse only what is older than the version that holds."""

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        now = self._world.stored.version
        return await super().save(record, rollout, if_version=_no_older(if_version, now))


class NewerWorkloads(MemoryWorkloads):
    """Refuse only what is older than the version that holds."""

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        known = self._world.revisions.get(revision)
        version = _no_older(if_version, known.version) if known else if_version
        await super().retire(revision, if_version=version, replicas=replicas)


NEWER_ROUTER = Wrong(NewerRouter, OLD_SLOT, "point active with a version that does not hold")
NEWER_RECORDS = Wrong(NewerRecords, OLD_RECORD, "a save with an old version has to be refused and it was not")
NEWER_WORKLOADS = Wrong(NewerWorkloads, OLD_REVISION, "retire with a version nobody gave out has to be refused")
