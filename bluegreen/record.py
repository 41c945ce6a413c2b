"""What must be remembered, and only that: whatever can be seen is in the snapshot.

The record is saved by compare-and-swap before anything it decided is done. It holds times, never clocks' readings of
another process: a time that lies in the future counts as now.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from attrs import evolve, frozen

from bluegreen.runs import AnalysisRun
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import RevisionId

SCHEMA: Final = 1
HISTORY_LIMIT: Final = 20
FIRST_DEPLOYMENT: Final = "first deployment"
"""Why a waiver skips the gates that ask about traffic: there is none yet."""


class Reason(StrEnum):
    """Why a rollout is Degraded."""

    ABORTED = "Aborted"
    GATE_FAILED = "GateFailed"
    GATE_DEADLINE = "GateDeadlineExceeded"
    LAYER_DEADLINE = "LayerDeadlineExceeded"
    NOT_AVAILABLE = "RevisionNotAvailable"
    DIED = "CurrentRevisionDied"
    PROGRESS_DEADLINE = "ProgressDeadlineExceeded"
    BACKEND = "BackendError"
    FROZEN = "Frozen"


RECOVERING: Final = frozenset({Reason.PROGRESS_DEADLINE, Reason.BACKEND})
"""Degraded, yet the attempt goes on: it recovers by itself when the revision becomes available after all."""


class PauseReason(StrEnum):
    """What a paused rollout waits for."""

    PERSON = "BlueGreenPause"
    CLOCK = "AutoPromotionSeconds"
    GATE = "Gate"
    SPEC = "ManuallyPaused"
    INCONCLUSIVE = "InconclusiveAnalysisRun"


@frozen
class Progressing:
    """The revision is being prepared, made ready, checked by its gates.

    `best` is the most replicas seen available at once, `progressed_at` when that number last rose (or preparing began):
    the progress deadline counts from there. None = preparing has not begun (traffic goes back to the stable one first).
    """

    revision: RevisionId | None
    since: datetime
    message: str = ""
    best: int = 0
    progressed_at: datetime | None = None


@frozen
class Paused:
    """Waiting for a person, a clock or a gate. `gate` names it, `until` is when the clock goes on by itself."""

    revision: RevisionId
    since: datetime
    reason: PauseReason
    message: str = ""
    gate: str = ""
    until: datetime | None = None


@frozen
class Promoting:
    """Traffic is moving layer by layer, is being verified, and then checked by the post-promotion gates.

    `reason` and `gate` say what it waits for once all of it has moved, and `until` when a clock goes on by itself.
    """

    revision: RevisionId
    since: datetime
    message: str = ""
    reason: PauseReason | None = None
    gate: str = ""
    until: datetime | None = None


@frozen
class Healthy:
    """The stable revision is the current one, and every layer points at it."""

    revision: RevisionId
    since: datetime
    message: str = ""


@frozen
class Degraded:
    """Aborted, failed, timed out or held. `message` says why, where traffic is, and what to do next."""

    revision: RevisionId | None
    since: datetime
    reason: Reason
    why: str
    message: str = ""
    best: int = 0
    progressed_at: datetime | None = None


Phase: TypeAlias = Progressing | Paused | Promoting | Healthy | Degraded


@frozen
class GateMemory:
    """What one gate answered in one attempt. `answer` is `yes`, `no` or, while it is being asked, empty.

    `run` is what a gate that measures has come to so far.
    """

    gate: str
    revision: RevisionId
    attempt: int
    asked_at: datetime
    answer: str = ""
    why: str = ""
    run: AnalysisRun | None = None


@frozen
class Approval:
    """A person's (or a program's) yes for one gate, in one attempt. It is worth nothing in any other.

    `again`: no yes, but the wish that the gate looks once more.
    """

    gate: str
    revision: RevisionId
    attempt: int
    by: str
    at: datetime
    again: bool = False


@frozen
class Waiver:
    """Why no gate is asked in this attempt: the first deployment, promote-full, or the fast track back."""

    revision: RevisionId
    attempt: int
    why: str
    by: str
    at: datetime


@frozen
class Request:
    """A new attempt that a person asked for (`retry`, `promote-full`), and that has not started yet."""

    what: str
    revision: RevisionId
    by: str
    at: datetime


@frozen
class Write:
    """A traffic write or scale-down that may still land: it was decided on this token of this object.

    It ends only when a live look sees the object's token differ; until then any number of others may join it.
    """

    object: str
    token: str


@frozen
class Retained:
    """A revision kept running for a while. `since`: when its clock began, None = not running; `delay_s` None = for
    good."""

    revision: RevisionId
    delay_s: int | None
    since: datetime | None = None


@frozen
class LayerMemory:
    """What must be remembered of one slot of one layer.

    `on` is the revision it was last seen to have converged on, at `converged_at`. `off_since`: since when it has been
    other than wanted. `heals`: how often in a row it has drifted after it had converged.
    """

    name: str
    on: RevisionId | None = None
    converged_at: datetime | None = None
    off_since: datetime | None = None
    heals: int = 0


@frozen
class Entry:
    """One line of the history: what happened, when, by whom, why."""

    at: datetime
    what: str
    revision: RevisionId | None
    by: str = ""
    why: str = ""


@frozen
class Record:
    """The durable memory of one rollout.

    `stable` is the revision that was last promoted, `current` the one of the attempt in progress or done, `previous`
    the one that an abort after promotion goes back to. `may_show` are the revisions that some layer may show now or
    after a write that is under way; `proven` those that were stable and never aborted or undone; `asked` the work
    that gates asked for and that has not come back; `runs` the analysis runs of earlier attempts. `adopted` is False
    until the world was first seen whole.
    """

    phase: Phase
    adopted: bool = False
    stable: RevisionId | None = None
    current: RevisionId | None = None
    previous: RevisionId | None = None
    attempt: int = 0
    waiver: Waiver | None = None
    request: Request | None = None
    gates: tuple[GateMemory, ...] = ()
    approvals: tuple[Approval, ...] = ()
    asked: tuple[Key, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    runs: tuple[AnalysisRun, ...] = ()
    outstanding: tuple[Write, ...] = ()
    may_show: tuple[RevisionId, ...] = ()
    retained: tuple[Retained, ...] = ()
    layers: tuple[LayerMemory, ...] = ()
    proven: tuple[RevisionId, ...] = ()
    dead_since: datetime | None = None
    history: tuple[Entry, ...] = ()
    saved_at: datetime | None = None
    schema: int = SCHEMA

    @staticmethod
    def new(now: datetime) -> Record:
        """The record of a rollout of which nothing is remembered."""
        return Record(Progressing(None, now, "looking at what is there"))

    def layer(self, name: str) -> LayerMemory:
        """What is remembered of this layer's slot; a blank memory when nothing is."""
        for memory in self.layers:
            if memory.name == name:
                return memory
        return LayerMemory(name)

    def approved(self, gate: str) -> Approval | None:
        """The yes that somebody gave to this gate for this very revision in this very attempt, if anyone did."""
        for one in self.approvals:
            if (one.gate, one.revision, one.attempt) == (gate, self.current, self.attempt) and not one.again:
                return one
        return None

    def ended_runs(self, now: datetime, why: str) -> Record:
        """The record with no analysis run in it that still waits for a verdict."""
        if not any(memory.run and not memory.run.phase.over for memory in self.gates):
            return self
        gates = (evolve(one, run=one.run.ended(now, why)) if one.run else one for one in self.gates)
        return evolve(self, gates=tuple(gates))

    def asked_again(self, gate: str) -> int:
        """How often somebody wished that this gate looks once more, in this very attempt."""
        mine = (gate, self.current, self.attempt)
        return sum((one.gate, one.revision, one.attempt) == mine and one.again for one in self.approvals)

    def waived(self) -> Waiver | None:
        """The waiver, when it is for this very revision in this very attempt."""
        one = self.waiver
        return one if one and (one.revision, one.attempt) == (self.current, self.attempt) else None


def elapsed(since: datetime, now: datetime) -> timedelta:
    """Time passed since a stored moment; never negative, so a clock that was set back loses time and gains none."""
    return max(now - since, timedelta(0))
