"""What was seen of the world, in one look.

"Could not look" (`Unobserved`) is never "nothing there". Whatever is not here cannot be reasoned about; whatever can be
seen here is not stored in the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from attrs import field, frozen

from bluegreen.spec import JSON, RevisionId

T = TypeVar("T")


class Slot(StrEnum):
    """A layer's two pointers: `active` carries live traffic, `preview` carries tests."""

    ACTIVE = "active"
    PREVIEW = "preview"


@frozen
class Nothing:
    """A slot that points nowhere."""


@frozen
class Everything:
    """A slot that selects all revisions at once (a selector that has no hash)."""


@frozen
class Foreign:
    """A slot that points at something that is no revision of this rollout; `what` names it."""

    what: str


NOTHING = Nothing()
EVERYTHING = Everything()

Shown: TypeAlias = RevisionId | Nothing | Everything | Foreign
"""What a slot shows. A revision is its plain identifier."""


@frozen
class Target:
    """A revision as a layer reaches it. `addresses` are `host:port`, of the replicas that are available now, sorted."""

    revision: RevisionId
    addresses: tuple[str, ...] = ()


@frozen
class RouterState:
    """One look at a traffic layer.

    `version` is the token that a write of the active slot must carry; it never repeats, and every accepted write of the
    object changes it. A preview slot that lives in an object of its own has its token in `preview_version`.
    `preview` is None where the layer has no such slot. `converged`: the layer itself says that the active slot's
    value is in force; with `probed`, fresh connections were seen to be answered by it too. `prepared` is None where a
    layer needs no preparing. `drained`: no request is known to be in flight to another revision than the active one.
    `note` is for people: why it has not converged, for instance.
    """

    active: Shown
    version: str
    preview: Shown | None = None
    preview_version: str | None = None
    converged: bool = True
    probed: bool = False
    prepared: frozenset[Target] | None = None
    drained: bool = True
    note: str = ""

    def token(self, slot: Slot) -> str:
        """The version that a write of this slot must carry."""
        return self.preview_version if slot is Slot.PREVIEW and self.preview_version is not None else self.version


@frozen
class RevisionState:
    """One look at a revision's replicas.

    `ordinal` orders revisions by birth and never changes. `replicas` is what the world has been asked for,
    `available` how many count as available (ready for minReadySeconds), `version` the token that a scale-down must
    carry. `template` is the pod template that made it, `reasons` say in words why replicas are not ready.
    """

    id: RevisionId
    ordinal: int
    replicas: int
    available: int
    version: str
    ready: int = 0
    addresses: tuple[str, ...] = ()
    template: Mapping[str, JSON] | None = None
    reasons: tuple[str, ...] = ()


@frozen
class WorkloadsState:
    """One look at all revisions. `template` is the revision that the declared template makes, existing or not."""

    template: RevisionId
    revisions: tuple[RevisionState, ...] = ()


@frozen
class Observed(Generic[T]):
    """A part of the world that was seen. `live` is False when it came from a cache and may be out of date.

    `started_at` is when the read began: what it shows was true at some moment since then.
    """

    value: T
    started_at: datetime
    live: bool = True


@frozen
class Unobserved:
    """A part of the world that could not be looked at since `since`; `error` says why, in words for a person."""

    since: datetime
    error: str
    permanent: bool = False


@frozen
class LayerSeen:
    """A layer's name, and what was seen of it."""

    name: str
    seen: Observed[RouterState] | Unobserved


@frozen
class Key:
    """The name of one piece of work that a gate asked for. Asking again for the same key asks for the same work.

    `run` is the gate's name, with `.1`, `.2` and so on where the gate begins anew.
    """

    revision: RevisionId
    attempt: int
    run: str
    metric: str = ""
    number: int = 0


@frozen
class Outcome:
    """What became of a measurement or a hook.

    Exactly one of these holds: `value` is its result; `no_data` is True, and `value` is what nothing looks like there;
    `error` is not empty. `retry` says whether an error may go away by itself. `value` and `labels` (what its series
    are called, where they have names) are as `values.encoded` made them. Kept in the snapshot until a saved record
    acknowledges it.
    """

    key: Key
    started_at: datetime
    finished_at: datetime
    value: JSON = None
    no_data: bool = False
    error: str = ""
    retry: bool = True
    labels: JSON = None


@frozen
class Trouble:
    """An action that the world refused. `permanent`: it will be refused until a person acts, as `error` says."""

    what: str
    error: str
    since: datetime
    permanent: bool = False


@frozen
class Snapshot:
    """One look at everything. `layers` are in the order in which they are promoted.

    `running_since` is when this engine's own clock began: what a process has not lived through it does not count.
    `running` names the measurements and hooks that are under way, `outcomes` those that ended and are not yet
    acknowledged by the record, `troubles` the actions that failed last.
    """

    workloads: Observed[WorkloadsState] | Unobserved
    layers: tuple[LayerSeen, ...]
    running_since: datetime
    outcomes: tuple[Outcome, ...] = ()
    running: frozenset[Key] = field(default=frozenset())
    troubles: tuple[Trouble, ...] = ()
