"""How a metric stands after its measurements, and a run after its metrics."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from attrs import evolve

from bluegreen.analysis.comparing import SAMPLES_MAX, compare
from bluegreen.analysis.judging import Judged, judge, numbers
from bluegreen.record import elapsed
from bluegreen.runs import AnalysisPhase, Came, Measurement, MetricResult
from bluegreen.snapshot import Outcome
from bluegreen.spec import Metric
from bluegreen.values import kept, printable

_WORST = (AnalysisPhase.FAILED, AnalysisPhase.ERROR, AnalysisPhase.INCONCLUSIVE)
"""The phases that are worse than Successful, the worst first: Argo's order across the metrics of a run."""


def taken_in(metric: Metric, result: MetricResult, outcome: Outcome) -> MetricResult:
    """The result with one more measurement, judged, and with the verdict that follows if it is certain by now."""
    judged = judge(metric, outcome)
    why = printable(judged.why).strip()  # what a service says ends up on terminals
    result = _with_samples(metric, result, outcome, judged)
    phase, error, skipped = judged.phase, judged.phase is AnalysisPhase.ERROR, judged.skipped
    succeeded = phase is AnalysisPhase.SUCCESSFUL
    measurement = Measurement(
        result.taken,
        phase,
        judged.came,
        why,
        outcome.started_at,
        outcome.finished_at,
        kept(outcome.value),
        kept(outcome.labels),
        skipped,
    )
    result = evolve(
        result,
        phase=AnalysisPhase.RUNNING,
        message=f"{metric.name}: {why}",
        dry_run=metric.dry_run,
        taken=result.taken + 1,
        count=result.count + (not error and not judged.awaited),
        successful=result.successful + succeeded,
        failed=result.failed + (phase is AnalysisPhase.FAILED),
        inconclusive=result.inconclusive + (phase is AnalysisPhase.INCONCLUSIVE and not skipped and not judged.awaited),
        consecutive_no_data=result.consecutive_no_data + judged.awaited if error or judged.awaited else 0,
        error=result.error + error,
        consecutive_error=result.consecutive_error + 1 if error else 0,
        consecutive_success=result.consecutive_success
        if error or skipped or judged.awaited
        else (result.consecutive_success + 1) * succeeded,
        samples=result.samples + judged.sample,
        passed=result.passed + (judged.sample and succeeded),
        error_since=(result.error_since or outcome.finished_at) if error else None,
        last_finished_at=outcome.finished_at,
        measurements=(*result.measurements, measurement)[-max(metric.retention, 1) :],
        half=(),
    )
    return settled(metric, result)


def _with_samples(metric: Metric, result: MetricResult, outcome: Outcome, judged: Judged) -> MetricResult:
    """What a comparison will be made of: no more than it will look at, so that what is remembered stays small."""
    if metric.comparison is None or judged.came is not Came.VALUE:
        return result
    preview, active = numbers(outcome.value["preview"]), numbers(outcome.value["active"])
    if preview is None or active is None:
        return result
    return evolve(
        result,
        preview=(*result.preview, *preview)[-SAMPLES_MAX:],
        active=(*result.active, *active)[-SAMPLES_MAX:],
    )


def settled(metric: Metric, result: MetricResult) -> MetricResult:
    """The result with its verdict, if that is certain; as it was if not. Argo's order: error, inconclusive, failed.

    Enough failures or consecutive successes end it early; else its count does. No data that nobody declared anything
    about is waited for as often in a row as errors are. Then too few real samples make it
    inconclusive, and a metric of which nothing succeeded has not, nor one of which no real value did.
    """
    why = result.message
    if result.consecutive_error > metric.consecutive_error_limit:
        return _over(result, AnalysisPhase.ERROR, f"{why}, {_nth(result.consecutive_error)} error in a row")
    if result.error_since and result.last_finished_at and result.consecutive_error > 1:
        lasted = elapsed(result.error_since, result.last_finished_at)
        if lasted >= timedelta(seconds=metric.error_total_seconds):
            return _over(result, AnalysisPhase.ERROR, f"{why}, nothing but errors for {lasted.total_seconds():.0f} s")
    if result.consecutive_no_data > metric.consecutive_error_limit:
        times = _nth(result.consecutive_no_data)
        return _over(result, AnalysisPhase.INCONCLUSIVE, f"{metric.name}: no data, {times} time in a row")
    if result.inconclusive > metric.inconclusive_limit:
        allowed = f"{_nth(result.inconclusive)} inconclusive measurement of {metric.inconclusive_limit} allowed"
        return _over(result, AnalysisPhase.INCONCLUSIVE, f"{why}, {allowed}")
    if 0 <= metric.failure_limit < result.failed:
        allowed = f"{_nth(result.failed)} failure of {metric.failure_limit} allowed"
        return _over(result, AnalysisPhase.FAILED, f"{why}, {allowed}")
    streak = metric.consecutive_success_limit
    if 0 < streak <= result.consecutive_success and _proven(metric, result) and metric.comparison is None:
        return _over(result, AnalysisPhase.SUCCESSFUL, f"{why}, {_nth(streak)} success in a row")
    return _counted(metric, result) if result.count >= metric.wanted else result


def _counted(metric: Metric, result: MetricResult) -> MetricResult:
    """The verdict when as many measurements as wanted were taken, and no limit was exceeded."""
    name, of = metric.name, f"of {result.count} measurements"
    if result.samples < metric.samples_wanted:
        samples = f"{result.samples} real samples, and {metric.samples_wanted} are needed for a verdict"
        return _over(result, AnalysisPhase.INCONCLUSIVE, f"{result.message}; {samples}")
    if not result.successful:
        phase = AnalysisPhase.FAILED if result.failed else AnalysisPhase.INCONCLUSIVE
        return _over(result, phase, f"{result.message}; none {of} succeeded")
    if not _proven(metric, result):
        why = f"{result.message}; only those succeeded that had no value to judge"
        return _over(result, AnalysisPhase.INCONCLUSIVE, why)
    if metric.consecutive_success_limit > result.consecutive_success:
        phase = AnalysisPhase.INCONCLUSIVE if metric.failure_limit >= 0 else AnalysisPhase.FAILED
        wanted = f"{metric.consecutive_success_limit} successes in a row were wanted"
        return _over(result, phase, f"{result.message}; {wanted}, and there were {result.consecutive_success}")
    if metric.comparison is not None:
        compared = compare(result.preview, result.active, metric.comparison)
        return _over(result, compared.phase, f"{name}: {compared.why}")
    return _over(result, AnalysisPhase.SUCCESSFUL, f"{name}: {result.successful} {of} successful")


def _proven(metric: Metric, result: MetricResult) -> bool:
    """A success rests on as many real values as wanted, and at least one of them succeeded."""
    return result.samples >= metric.samples_wanted and (result.passed > 0 or metric.samples_wanted == 0)


def _over(result: MetricResult, phase: AnalysisPhase, message: str) -> MetricResult:
    return evolve(result, phase=phase, message=message)


def verdict(results: Iterable[MetricResult]) -> AnalysisPhase:
    """How a run stands: as its worst metric that is over; Successful when all are. Dry runs only have to be over."""
    all_of_them = list(results)
    phases = {one.phase for one in all_of_them if not one.dry_run}
    for phase in _WORST:
        if phase in phases:
            return phase
    return AnalysisPhase.SUCCESSFUL if all(one.phase.over for one in all_of_them) else AnalysisPhase.RUNNING


def _nth(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
