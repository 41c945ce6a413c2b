"""One measurement: what it came back with, what that counts as, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from attrs import frozen

from bluegreen.conditions import ConditionError, Fault, Program, compiled
from bluegreen.runs import AnalysisPhase, Came
from bluegreen.snapshot import Outcome
from bluegreen.spec import JSON, Metric, OnNoData
from bluegreen.values import brief, decoded, not_finite

_FIRST = ("preview", "active")
SERIES_MAX = 100
"""Of more series than these a condition about the first one has no verdict: each would have to be asked about."""


@frozen
class Judged:
    """A judged measurement. `skipped`: neither a success nor a failure; `sample`: it had a real value. `awaited`: there
    was nothing to see yet, so it does not count, and is taken again, as an error is."""

    phase: AnalysisPhase
    came: Came
    why: str
    skipped: bool = False
    sample: bool = False
    awaited: bool = False


def judge(metric: Metric, outcome: Outcome) -> Judged:
    """What an outcome counts as. Of a metric that measures both colours it is the two of them, as `joined` makes it.

    Success only: true succeeds, else fails. Failure only: true fails, else succeeds. Both: failure wins, and with
    neither true it is inconclusive. None: whatever has a value succeeds. A condition that cannot be evaluated is an
    error. NaN or infinity never succeeds unless a condition asks for it by name; of several series, under conditions
    that look at the first alone, all have to agree.
    """
    if outcome.error:
        return Judged(AnalysisPhase.ERROR, Came.ERROR, outcome.error)
    try:
        success = compiled(metric.success_condition) if metric.success_condition else None
        failure = compiled(metric.failure_condition) if metric.failure_condition else None
    except ConditionError as error:
        return Judged(AnalysisPhase.ERROR, Came.ERROR, f"a condition cannot be used: {error.message}")
    if outcome.no_data or _empty(outcome.value):
        return _nothing(metric, outcome, success, failure)
    programs = [program for program in (success, failure) if program]
    seen = _looked_at(outcome.value, programs)
    if words := not_finite(seen):
        return _not_finite(outcome, words, success, failure)
    if _several(outcome.value, programs):
        return _each(outcome, success, failure)
    phase, why = _by_conditions(success, failure, outcome.value, outcome.labels)
    return _of_value(phase, Came.VALUE, why)


def _of_value(phase: AnalysisPhase, came: Came, why: str) -> Judged:
    """Of a value that the conditions could be asked about; one that they cannot makes an error, and is no sample."""
    if phase is AnalysisPhase.ERROR:
        return Judged(phase, Came.ERROR, why)
    return Judged(phase, came, why, sample=True)


def _empty(value: JSON) -> bool:
    """Nothing to see, whatever the provider calls it, and however it is wrapped."""
    if isinstance(value, list | dict):
        return all(_empty(one) for one in (value.values() if isinstance(value, dict) else value))
    return value is None or value == ""


def _looked_at(value: JSON, programs: list[Program]) -> JSON:
    if isinstance(value, list) and programs and all(program.first_only for program in programs):
        return value[:1] if not _several(value, programs) else value
    return value


def _several(value: JSON, programs: list[Program]) -> bool:
    """Several series came, and the conditions look at the first of them only."""
    plain = isinstance(value, list) and len(value) > 1 and all(_is_plain(one) for one in value)
    return plain and bool(programs) and all(program.first_only for program in programs)


def _is_plain(value: JSON) -> bool:
    """One series' value; a list or a map in a list is a part of one answer."""
    return not isinstance(value, list | dict) or isinstance(decoded(value), float)


def _by_conditions(
    success: Program | None, failure: Program | None, value: JSON, labels: JSON
) -> tuple[AnalysisPhase, str]:
    variables: Mapping[str, JSON] = {"result": decoded(value), "labels": labels}
    for program, phase in ((failure, AnalysisPhase.FAILED), (success, AnalysisPhase.SUCCESSFUL)):
        if program is None:
            continue
        holds = program.evaluate(variables)
        if isinstance(holds, Fault):
            return AnalysisPhase.ERROR, f"{program.source} cannot be evaluated on {brief(value)}: {holds.message}"
        if holds:
            return phase, _words(program, variables)
    if success and failure:
        return AnalysisPhase.INCONCLUSIVE, f"{brief(value)}: neither {success.source} nor {failure.source}"
    if success:
        return AnalysisPhase.FAILED, _words(success, variables)
    if failure:
        return AnalysisPhase.SUCCESSFUL, _words(failure, variables)
    return AnalysisPhase.SUCCESSFUL, brief(value)


def _words(program: Program, variables: Mapping[str, JSON]) -> str:
    return f"{program.explain(variables)} ({program.source})"


def _nothing(metric: Metric, outcome: Outcome, success: Program | None, failure: Program | None) -> Judged:
    """No data: as declared; else as the conditions say, if they can make something of nothing; else it is waited for.

    It is never a sample. Metrics come late after a start: in Argo no data is an error there, and so is tried again.
    """
    match metric.on_no_data:
        case OnNoData.PASS:
            return Judged(AnalysisPhase.SUCCESSFUL, Came.NO_DATA, "no data, which is declared to pass")
        case OnNoData.FAIL:
            return Judged(AnalysisPhase.FAILED, Came.NO_DATA, "no data, which is declared to fail")
        case OnNoData.SKIP:
            why = "no data, which is declared to be skipped"
            return Judged(AnalysisPhase.INCONCLUSIVE, Came.NO_DATA, why, skipped=True)
        case OnNoData.INCONCLUSIVE:
            return Judged(AnalysisPhase.INCONCLUSIVE, Came.NO_DATA, "no data")
        case None:
            return _made_of_nothing(outcome, success, failure)
        case _:
            assert_never(metric.on_no_data)


def _made_of_nothing(outcome: Outcome, success: Program | None, failure: Program | None) -> Judged:
    waiting = Judged(AnalysisPhase.INCONCLUSIVE, Came.NO_DATA, "no data", awaited=True)
    if not (success or failure):
        return waiting
    phase, why = _by_conditions(success, failure, outcome.value, outcome.labels)
    if phase is AnalysisPhase.ERROR:
        return waiting
    return Judged(phase, Came.NO_DATA, f"no data, and {why}")


def _not_finite(outcome: Outcome, words: tuple[str, ...], success: Program | None, failure: Program | None) -> Judged:
    """NaN or infinity came, and passes only where the conditions ask for each of what came by its name."""
    phase, why = _by_conditions(success, failure, outcome.value, outcome.labels)
    minded = {word for program in (success, failure) if program for word in program.minds}
    word = " and ".join(words)
    if phase is AnalysisPhase.SUCCESSFUL and not {one.lstrip("+-") for one in words} <= minded:
        return Judged(AnalysisPhase.INCONCLUSIVE, Came.NOT_FINITE, f"{word} came, and that is no value: {why}")
    return Judged(phase, Came.NOT_FINITE, f"{word}: {why}")


def _each(outcome: Outcome, success: Program | None, failure: Program | None) -> Judged:
    """Several series under conditions that look at the first: each is put in its place, and all have to agree.

    Their number stays what it is, for conditions that look at that too.
    """
    values, many = outcome.value, f"{len(outcome.value)} series came"
    if len(values) > SERIES_MAX:
        why = f"{many}, and the condition looks at the first one only. Aggregate them: the most is {SERIES_MAX}"
        return Judged(AnalysisPhase.INCONCLUSIVE, Came.SEVERAL, why, sample=True)
    turns = ([one, *values[:index], *values[index + 1 :]] for index, one in enumerate(values))
    verdicts = [_by_conditions(success, failure, turn, outcome.labels) for turn in turns]
    phases = {phase for phase, _ in verdicts}
    if len(phases) == 1:
        worst = _extreme(outcome.value, verdicts)
        return _of_value(phases.pop(), Came.SEVERAL, f"{many}, and for each of them {worst}")
    tally = ", ".join(f"{sum(one is phase for one, _ in verdicts)} {phase}" for phase in sorted(phases))
    why = f"{many}, and the condition looks at the first one only: {tally}. Aggregate them, or ask about all of them"
    return Judged(AnalysisPhase.INCONCLUSIVE, Came.SEVERAL, why, sample=True)


def _extreme(values: JSON, verdicts: list[tuple[AnalysisPhase, str]]) -> str:
    return verdicts[0][1] if len({why for _, why in verdicts}) == 1 else f"{verdicts[0][1]} and so on"


def joined(preview: Outcome, active: Outcome) -> Outcome:
    """The two outcomes of a metric that measures both colours as one: `{preview: ..., active: ...}`.

    An error of either is its error; no data of either is no data.
    """
    first, last = sorted((preview, active), key=lambda one: one.finished_at)
    errors = [f"{name}: {one.error}" for name, one in zip(_FIRST, (preview, active), strict=True) if one.error]
    value = {"preview": preview.value, "active": active.value}
    return Outcome(
        key=preview.key,
        started_at=min(preview.started_at, active.started_at),
        finished_at=last.finished_at,
        value=value,
        no_data=any(one.no_data or _empty(one.value) for one in (preview, active)),
        error="; ".join(errors),
        retry=first.retry and last.retry,
        labels={"preview": preview.labels, "active": active.labels},
    )


def numbers(value: JSON) -> tuple[float, ...] | None:
    """The numbers of a value that is one, or a list of them; None for anything else, NaN and infinity included.

    A whole number too large for a float is no number either.
    """
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in found):
        return None
    try:
        return tuple(float(one) for one in found)
    except OverflowError:
        return None
