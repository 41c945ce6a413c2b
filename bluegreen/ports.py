"""What an adapter has to be. Nothing to inherit: any object with these methods will do.

Every method may be called again after it failed or was cancelled at any await, and may be called by two engines at
once. An adapter raises `Conflict` when a version no longer holds, `PermanentBackendError` when only a person can
help, and `BackendError` for all that may pass; any other exception is treated as one that may pass.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from bluegreen.record import Record
from bluegreen.snapshot import Key, Outcome, RouterState, Slot, Target, WorkloadsState
from bluegreen.spec import JSON, RevisionId, Rollout


class Workloads(Protocol):
    """The lifecycle of the revisions' replicas, for one rollout."""

    async def observe(self, rollout: Rollout) -> WorkloadsState:
        """A live look at all revisions, and the name of the one that `rollout.template` makes, existing or not.

        The same template always has the same name. Availability counts `rollout.min_ready_seconds`. Changes nothing.
        """
        ...

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        """The revision has at least `replicas` replicas; it is made from `rollout.template` if it is new.

        Never lowers, never waits for readiness. Always changes the revision's version, even when nothing else changes.
        """
        ...

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        """The revision has at most `replicas` replicas. Replicas that go finish their requests first.

        Raises `Conflict` when the revision's version is not `if_version` any more. Changes the version.
        """
        ...

    async def forget(self, revision: RevisionId, *, if_version: str) -> None:
        """A revision without replicas leaves the history. Forgetting what is gone is no error.

        Raises `Conflict` when the version differs or replicas are left.
        """
        ...


class Router(Protocol):
    """One traffic layer. It addresses revisions, never another layer's slot."""

    @property
    def name(self) -> str: ...

    async def observe(self) -> RouterState:
        """A live look at both slots. Changes nothing."""
        ...

    async def prepare(self, targets: Collection[Target]) -> None:
        """These revisions, and only these, are addressable; what a slot shows stays so in any case. May be slow.

        Moves no traffic. Does nothing where a layer needs no preparing.
        """
        ...

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        """One small write: the slot shows the revision.

        Raises `Conflict` when the slot's version is not `if_version` any more. An accepted write always changes the
        version, to one never used before, even when the slot showed that revision already.
        """
        ...


@runtime_checkable
class Watched(Protocol):
    """An adapter that can tell when another look may differ. One that cannot is polled."""

    async def changed(self) -> None:
        """Returns when something may have changed since the last `observe` or `load` (or since the adapter began).

        May return for no reason; must not miss a change for ever. Cancelled at will.
        """
        ...


@frozen
class Stored:
    """What `Records.load` found. `record` None: none was saved yet. `version` is what `save` must carry."""

    version: str
    record: Record | None = None
    rollout: Rollout | None = None


class Records(Protocol):
    """Where the record is kept, and (where no API server keeps it) the applied Rollout beside it."""

    async def load(self) -> Stored:
        """The newest saved record and Rollout. Raises `RecordFromTheFuture` or `RecordDamaged`."""
        ...

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        """Saves both in one compare-and-swap, durably, and returns the new version.

        Raises `RecordConflict` when the stored version is not `if_version` any more. Versions never repeat.
        """
        ...


@frozen
class NoData:
    """What a provider returns when the query is fine and there is nothing to see. Not zero, and not an error.

    `result` is what nothing looks like there, for conditions that can tell: `[]`, for instance.
    """

    result: JSON = None


@frozen
class Reading:
    """A result, and what its series are called: `labels` has the shape of `result`, with a mapping for each value."""

    result: JSON
    labels: JSON = None


class MetricProvider(Protocol):
    """Where a measurement comes from."""

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """One measurement; numbers may be NaN or infinite. It may be asked anew for the same at any time.

        Raises `BackendError` (worth another try) or `PermanentBackendError` (not). The query may hold secrets: none of
        it goes into an error or a log.
        """
        ...


class Secrets(Protocol):
    """Where secrets are read from, each time anew."""

    async def read(self, name: str, key: str) -> str:
        """The value of one key of a Secret. Raises `BackendError`, or `PermanentBackendError` when there is none."""
        ...


class Hooks(Protocol):
    """Runs steps beside a release (a migration job, a webhook, a program), each found again by its key.

    A step is started at most once under a key, whoever asks, and however often they crash in between.
    """

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        """Starts the step, unless it has been started under this key before. `hook` is as in `RunHook`.

        Raises `BackendError` when it has not begun and may later, `PermanentBackendError` when it never will.
        """
        ...

    async def poll(self, key: Key) -> Outcome | None:
        """The step's outcome, or None while it runs. `retry` in it says that it did not happen, and may later.

        Raises `BackendError` when no step was started under this key.
        """
        ...

    async def cancel(self, key: Key) -> None:
        """Stops the step if it runs. Cancelling what has ended, or never began, is no error."""
        ...


@frozen
class Backend:
    """Everything an engine acts through. `routers` are in the order of promotion."""

    workloads: Workloads
    routers: tuple[Router, ...]
    records: Records
    metrics: Mapping[str, MetricProvider] = field(factory=dict[str, MetricProvider])
    hooks: Hooks | None = None
    secrets: Secrets | None = None
