"""Analysis runs: what was measured, what came of it, and why. Argo's AnalysisRun, as far as it has to be remembered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import evolve, field, frozen

from bluegreen.snapshot import Outcome
from bluegreen.spec import JSON, RevisionId


class AnalysisPhase(StrEnum):
    """How a measurement, a metric or a run stands, in Argo's words."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    ERROR = "Error"
    INCONCLUSIVE = "Inconclusive"

    @property
    def over(self) -> bool:
        """It will not change any more."""
        return self not in (AnalysisPhase.PENDING, AnalysisPhase.RUNNING)


class Came(StrEnum):
    """What a measurement came back with: five things that must never be taken for one another."""

    VALUE = "Value"
    NO_DATA = "NoData"
    NOT_FINITE = "NotFinite"
    SEVERAL = "SeveralSeries"
    ERROR = "Error"


@frozen
class Measurement:
    """One measurement, judged.

    `value` is the raw value, as `values.kept` leaves it, and `labels` what its series are called. `skipped`: it counts
    neither as a success nor as a failure. `why` says in words what made it so.
    """

    number: int
    phase: AnalysisPhase
    came: Came
    why: str
    started_at: datetime
    finished_at: datetime
    value: JSON = None
    labels: JSON = None
    skipped: bool = False


@frozen
class MetricResult:
    """What became of one metric so far.

    `query` is what the provider was asked, as it was sent, but for secrets, which are not in it. `taken` is how
    many measurements there were, `count` without those that were errors or found no data yet, `samples` only those
    that had real values, and `passed` those of them that succeeded. `measurements` are the newest ones, as many as
    the metric's retention says. `preview` and `active` hold the newest values of a metric that compares the two,
    `half` what came of the two while the other is awaited. `error_since` is when the errors in a row began.
    """

    name: str
    query: Mapping[str, JSON] = field(factory=dict[str, JSON])
    phase: AnalysisPhase = AnalysisPhase.PENDING
    message: str = ""
    dry_run: bool = False
    taken: int = 0
    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0
    consecutive_error: int = 0
    consecutive_success: int = 0
    consecutive_no_data: int = 0
    samples: int = 0
    passed: int = 0
    error_since: datetime | None = None
    last_finished_at: datetime | None = None
    measurements: tuple[Measurement, ...] = ()
    preview: tuple[float, ...] = ()
    active: tuple[float, ...] = ()
    half: tuple[Outcome, ...] = ()


@frozen
class AnalysisRun:
    """One run of an analysis: `name` is the gate's, `number` counts its runs in one attempt from 0.

    `definition` is a digest of what was declared when it began; with another declaration it begins anew. `again` is
    how many wishes to look once more it has heeded.
    """

    name: str
    revision: RevisionId
    attempt: int
    started_at: datetime
    number: int = 0
    definition: str = ""
    again: int = 0
    phase: AnalysisPhase = AnalysisPhase.RUNNING
    message: str = ""
    finished_at: datetime | None = None
    metrics: tuple[MetricResult, ...] = ()

    @property
    def id(self) -> str:
        """Its name among the runs of one attempt: the second run has the suffix `.1`, as in Argo."""
        return f"{self.name}.{self.number}" if self.number else self.name

    def ended(self, now: datetime, why: str) -> AnalysisRun:
        """The run, over: one that had no verdict yet never becomes a success by being ended."""
        if self.phase.over:
            return self
        return evolve(
            self, phase=AnalysisPhase.INCONCLUSIVE, message=f"ended without a verdict: {why}", finished_at=now
        )

    def metric(self, name: str) -> MetricResult:
        """What became of this metric; a blank result when nothing did yet."""
        return next((one for one in self.metrics if one.name == name), MetricResult(name))
