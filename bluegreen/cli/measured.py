"""What gates said and measured, as people and programs ask to see it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from attrs import frozen

from bluegreen.record import Record
from bluegreen.runs import AnalysisRun, Measurement, MetricResult
from bluegreen.spec import JSON
from bluegreen.values import encoded

LAST = 3
"""So many measurements of a metric are shown to people, the newest; programs get all that are kept."""


@frozen
class GateView:
    """One gate of the attempt in hand. `answer` is `yes`, `no`, or empty while it is being asked."""

    name: str
    answer: str
    why: str
    asked_at: datetime
    run: AnalysisRun | None = None

    def data(self) -> dict[str, JSON]:
        """The gate as JSON values."""
        return {
            "name": self.name,
            "answer": self.answer,
            "why": self.why,
            "asked_at": self.asked_at.isoformat(),
            "run": run_data(self.run) if self.run else None,
        }


def gates_in(record: Record | None) -> tuple[GateView, ...]:
    """The gates that were asked in the attempt in hand, in the order in which they were first asked."""
    if record is None:
        return ()
    mine = [one for one in record.gates if (one.revision, one.attempt) == (record.current, record.attempt)]
    return tuple(
        GateView(one.gate, one.answer, one.why, one.asked_at, one.run)
        for one in sorted(mine, key=lambda one: one.asked_at)
    )


def runs_in(record: Record) -> tuple[AnalysisRun, ...]:
    """Every analysis run that is remembered, the oldest first: those of earlier attempts, and of this one."""
    known = (*record.runs, *(one.run for one in record.gates if one.run))
    return tuple(sorted(known, key=lambda one: one.started_at))


def run_data(run: AnalysisRun) -> dict[str, JSON]:
    """An analysis run as strict JSON values: NaN is `{"$float": "NaN"}`, times are ISO 8601."""
    return {
        "name": run.id,
        "revision": run.revision,
        "attempt": run.attempt,
        "phase": str(run.phase),
        "message": run.message,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "metrics": [_metric_data(one) for one in run.metrics],
    }


def _metric_data(metric: MetricResult) -> dict[str, JSON]:
    return {
        "name": metric.name,
        "phase": str(metric.phase),
        "message": metric.message,
        "dry_run": metric.dry_run,
        "query": encoded(metric.query),
        "taken": metric.taken,
        "successful": metric.successful,
        "failed": metric.failed,
        "inconclusive": metric.inconclusive,
        "error": metric.error,
        "samples": metric.samples,
        "measurements": [_measurement_data(one) for one in metric.measurements],
    }


def _measurement_data(one: Measurement) -> dict[str, JSON]:
    return {
        "number": one.number,
        "phase": str(one.phase),
        "came": str(one.came),
        "why": one.why,
        "value": one.value,
        "labels": one.labels,
        "skipped": one.skipped,
        "started_at": one.started_at.isoformat(),
        "finished_at": one.finished_at.isoformat(),
    }


def counts(metric: MetricResult) -> str:
    """How its measurements came out: `3 measured: 2 successful, 1 failed`."""
    kinds = {
        "successful": metric.successful,
        "failed": metric.failed,
        "inconclusive": metric.inconclusive,
        "in error": metric.error,
    }
    found = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)
    return f"{metric.taken} measured" + (f": {found}" if found else "")


def fresh(before: AnalysisRun | None, after: AnalysisRun | None) -> Iterator[str]:
    """A line for each measurement of a run that was not there before."""
    known = {
        (metric.name, one.number)
        for metric in (before.metrics if before and after and before.id == after.id else ())
        for one in metric.measurements
    }
    for metric in after.metrics if after else ():
        for one in metric.measurements:
            if (metric.name, one.number) not in known:
                yield f"{metric.name} {one.number + 1}: {one.phase}: {one.why}"
