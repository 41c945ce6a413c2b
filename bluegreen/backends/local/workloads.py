"""Revisions as processes of this machine."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from bluegreen.backends.local import logs, process
from bluegreen.backends.local.check import plan
from bluegreen.backends.local.database import Watch
from bluegreen.backends.local.places import Place
from bluegreen.backends.local.store import ReplicaRow, RevisionRow, Store, revision_of
from bluegreen.errors import Conflict, PermanentBackendError
from bluegreen.snapshot import RevisionState, WorkloadsState
from bluegreen.spec import RevisionId, Rollout


class LocalWorkloads:
    """Keeps the promises of `Workloads`: says what is wanted, and whoever drives sees to it."""

    def __init__(self, place: Place, store: Store) -> None:
        self._place = place
        self.store = store
        self._watch = Watch(place.database)
        self._min_ready_s = 0

    async def observe(self, rollout: Rollout) -> WorkloadsState:
        self._min_ready_s = rollout.min_ready_seconds
        self._watch.mark()
        replicas, revisions = self.store.replicas(), self.store.revisions()
        states = tuple(self._state(row, [one for one in replicas if one.revision == row.id]) for row in revisions)
        return WorkloadsState(revision_of(rollout.template), states)

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        self._ensure(rollout, revision, replicas)

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        self.store.retire(revision, replicas, if_version)

    async def forget(self, revision: RevisionId, *, if_version: str) -> None:
        self.store.forget(revision, if_version)
        logs.remove(self._place, revision)

    async def changed(self) -> None:
        """Returns after a write to the database, or when a ready replica begins to count as available."""
        due = [one.ready_since + self._min_ready_s for one in self.store.replicas() if one.ready_since is not None]
        next_s = min((at - time.time() for at in due if at > time.time()), default=None)
        with suppress(TimeoutError):
            await self._watch.changed(timeout_s=next_s)

    def close(self) -> None:
        """Closes its part of the database."""
        self._watch.close()

    def _ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        if self.store.revision(revision) is None:
            if revision != revision_of(rollout.template):
                raise Conflict(f"revision {revision} is gone, and the declared template makes another one")
            planned, found = plan(rollout)
            if planned is None:
                words = "; ".join(str(problem) for problem in found.problems)
                raise PermanentBackendError(f"revision {revision} cannot run here: {words}", remedy="apply another one")
            command = rollout.policy.local.command
            self.store.add(revision, rollout.template, command=command, port=planned.port, folder=os.getcwd())
        self.store.ensure(revision, replicas)

    def _state(self, row: RevisionRow, replicas: list[ReplicaRow]) -> RevisionState:
        now = time.time()
        ready = [one for one in replicas if one.ready_since is not None and _runs(one) and not one.leaving]
        available = [one for one in ready if now - (one.ready_since or now) >= self._min_ready_s]
        return RevisionState(
            id=row.id,
            ordinal=row.ordinal,
            replicas=row.wanted,
            available=len(available),
            version=row.version,
            ready=len(ready),
            addresses=tuple(sorted(one.address for one in available)),
            template=row.template,
            reasons=tuple(f"replica {one.number} {one.reason}" for one in replicas if one.reason),
        )


def _runs(replica: ReplicaRow) -> bool:
    return replica.process is not None and process.alive(replica.process)
