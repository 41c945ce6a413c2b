"""Verdicts by a slow, obvious twin: written from what is promised of an analysis, not from how it is done.

The twin keeps nothing between measurements. To say how a metric stands it goes through the whole list again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from attrs import frozen

from bluegreen.runs import AnalysisPhase
from bluegreen.spec import Metric, OnNoData

SUCCESSFUL, FAILED = AnalysisPhase.SUCCESSFUL, AnalysisPhase.FAILED
ERROR, INCONCLUSIVE, RUNNING = AnalysisPhase.ERROR, AnalysisPhase.INCONCLUSIVE, AnalysisPhase.RUNNING


@frozen
class Condition:
    """A condition in both tongues. `holds` is None where the value cannot be asked that.

    `first`: of a list it looks at the first alone; `minds`: it asks for NaN or infinity by name.
    """

    text: str
    holds: Callable[[object], bool | None]
    first: bool = False
    minds: frozenset[str] = frozenset()


@frozen
class Seen:
    """What came back of one measurement: a value, no data (`value` is what nothing looks like there), or an error."""

    value: object = None
    no_data: bool = False
    error: bool = False
    seconds: float = 0.0


@frozen
class Counted:
    """What a measurement counts as. `real`: it had a value that can be judged; `awaited`: nothing was there yet."""

    phase: AnalysisPhase
    real: bool = False
    skipped: bool = False
    awaited: bool = False


def _by(success: Condition | None, failure: Condition | None, value: object) -> AnalysisPhase:
    """Success only, failure only, both, none: the four lines of Argo's table."""
    failed = failure.holds(value) if failure else False
    if failed is None:
        return ERROR
    if failed:
        return FAILED
    if not success:
        return SUCCESSFUL
    succeeded = success.holds(value)
    if succeeded is None:
        return ERROR
    if succeeded:
        return SUCCESSFUL
    return INCONCLUSIVE if failure else FAILED


def _words(value: object) -> set[str]:
    """What of NaN and infinity is anywhere in it."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"NaN" if math.isnan(value) else "Inf"}
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return {word for one in inside for word in _words(one)}


def _nothing(value: object) -> bool:
    """There is nothing in it, nor in what is in it."""
    if isinstance(value, dict):
        return all(_nothing(one) for one in value.values())
    return all(_nothing(one) for one in value) if isinstance(value, list) else value in (None, "")


def counted(
    seen: Seen, on_no_data: OnNoData | None, success: Condition | None = None, failure: Condition | None = None
) -> Counted:
    """What one measurement counts as."""
    asked = [one for one in (success, failure) if one]
    if seen.error:
        return Counted(ERROR)
    if seen.no_data or _nothing(seen.value):
        declared = {OnNoData.PASS: SUCCESSFUL, OnNoData.FAIL: FAILED, OnNoData.INCONCLUSIVE: INCONCLUSIVE}
        if on_no_data is OnNoData.SKIP:
            return Counted(INCONCLUSIVE, skipped=True)
        if on_no_data is not None:
            return Counted(declared[on_no_data])
        made_of_it = _by(success, failure, seen.value) if asked else ERROR
        return Counted(INCONCLUSIVE, awaited=True) if made_of_it is ERROR else Counted(made_of_it)
    only_first = bool(asked) and all(one.first for one in asked)
    series = seen.value if isinstance(seen.value, list) else []
    plain = not any(isinstance(one, list | dict) for one in series)
    several = only_first and plain and len(series) > 1
    looked_at = series[:1] if only_first and series and not several else seen.value
    if _words(looked_at):
        phase = _by(success, failure, seen.value)
        by_name = {word for one in asked for word in one.minds}
        return Counted(INCONCLUSIVE if phase is SUCCESSFUL and not _words(looked_at) <= by_name else phase)
    if several:
        phases = {
            _by(success, failure, [series[turn], *series[:turn], *series[turn + 1 :]]) for turn in range(len(series))
        }
        agreed = phases.pop() if len(phases) == 1 and len(series) <= 100 else INCONCLUSIVE
        return Counted(agreed, real=agreed is not ERROR)
    phase = _by(success, failure, seen.value)
    return Counted(phase, real=phase is not ERROR)


def _awaited_in_a_row(found: Sequence[tuple[Counted, float]]) -> int:
    """How often nothing was there yet at the end; an error in between tells nothing of that."""
    times = 0
    for one, _ in reversed(found):
        if not one.awaited and one.phase is not ERROR:
            return times
        times += one.awaited
    return times


def _telling(found: Sequence[tuple[Counted, float]]) -> list[AnalysisPhase]:
    """What says something of the release: all but errors, what is skipped, and what was not there yet."""
    return [one.phase for one, _ in found if not (one.skipped or one.awaited or one.phase is ERROR)]


def _exceeded(metric: Metric, found: Sequence[tuple[Counted, float]]) -> AnalysisPhase | None:
    """The verdict of a limit that is exceeded: Error before Inconclusive before Failed."""
    errors = 0
    while errors < len(found) and found[-1 - errors][0].phase is ERROR:
        errors += 1
    if errors > metric.consecutive_error_limit:
        return ERROR
    if errors > 1 and found[-1][1] - found[-errors][1] >= metric.error_total_seconds:
        return ERROR
    if _awaited_in_a_row(found) > metric.consecutive_error_limit:
        return INCONCLUSIVE
    telling = _telling(found)
    if telling.count(INCONCLUSIVE) > metric.inconclusive_limit:
        return INCONCLUSIVE
    return FAILED if 0 <= metric.failure_limit < telling.count(FAILED) else None


def _streak(found: Sequence[tuple[Counted, float]]) -> int:
    """Successes in a row: a failure or no verdict interrupts them, an error or a skip tells nothing."""
    many = 0
    for phase in _telling(found):
        many = many + 1 if phase is SUCCESSFUL else 0
    return many


def _evidence(metric: Metric, found: Sequence[tuple[Counted, float]]) -> tuple[bool, bool]:
    """Whether there are enough real values, and whether a success may rest on them: one of them has to be one."""
    needed = metric.min_samples
    if needed is None:
        needed = 0 if metric.on_no_data is OnNoData.PASS else 1
    real = [one.phase for one, _ in found if one.real]
    enough = len(real) >= needed
    return enough, enough and (needed == 0 or SUCCESSFUL in real)


def stands(metric: Metric, found: Sequence[tuple[Counted, float]]) -> AnalysisPhase:
    """How a metric stands after these measurements, each with the second at which it ended."""
    if exceeded := _exceeded(metric, found):
        return exceeded
    enough, proven = _evidence(metric, found)
    wanted, streak, telling = metric.consecutive_success_limit, _streak(found), _telling(found)
    if wanted and streak >= wanted and proven:
        return SUCCESSFUL
    if sum(one.phase is not ERROR and not one.awaited for one, _ in found) < (metric.count or 1):
        return RUNNING
    if enough and SUCCESSFUL not in telling:
        return FAILED if FAILED in telling else INCONCLUSIVE
    if not proven:
        return INCONCLUSIVE
    if wanted and streak < wanted:
        return INCONCLUSIVE if metric.failure_limit >= 0 else FAILED
    return SUCCESSFUL


def verdict_of(metric: Metric, found: Sequence[tuple[Counted, float]]) -> tuple[int, AnalysisPhase]:
    """After how many measurements a metric has its verdict, and which; Running when these are too few for one."""
    for many in range(1, len(found) + 1):
        phase = stands(metric, found[:many])
        if phase is not RUNNING:
            return many, phase
    return len(found), RUNNING


def run_verdict(phases: Sequence[tuple[AnalysisPhase, bool]]) -> AnalysisPhase:
    """How a run stands whose metrics stand like this; the second of each says whether it is a dry run."""
    for worst in (FAILED, ERROR, INCONCLUSIVE):
        if (worst, False) in phases:
            return worst
    return RUNNING if any(phase is RUNNING for phase, _ in phases) else SUCCESSFUL
