"""What is true of every verdict, as functions that a search calls; each has planted bugs that it has to find."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from bluegreen import codec
from bluegreen.record import GateMemory, Record
from bluegreen.runs import AnalysisPhase, AnalysisRun
from bluegreen.spec import Analysis, Metric
from tests.support.any_analysis import BY_TEXT
from tests.support.measuring import ABOUT, begun, ended, measured
from tests.support.slow_verdicts import Counted, Seen, counted, run_verdict, verdict_of
from tests.support.worlds import START, V2

SUCCESSFUL, RUNNING = AnalysisPhase.SUCCESSFUL, AnalysisPhase.RUNNING


def counted_as(metric: Metric, seen: Seen) -> Counted:
    """What the twin counts this as, under the metric's conditions."""
    success, failure = BY_TEXT.get(metric.success_condition), BY_TEXT.get(metric.failure_condition)
    return counted(seen, metric.on_no_data, success, failure)


def the_twin_agrees(metric: Metric, came: Sequence[Seen]) -> None:
    """The verdict is the twin's, and comes with the very measurement after which it is certain."""
    wanted = Analysis((metric,))
    steps = list(measured(wanted, {metric.name: came}))
    found = []
    for step, one in zip(steps, came, strict=False):
        finished = step.run.metric(metric.name).last_finished_at
        assert finished is not None
        found.append((counted_as(metric, one), (finished - START).total_seconds()))
    many, phase = verdict_of(metric, found)
    assert len(steps) == (many if phase.over else len(came)), "it stops with its verdict and not before"
    for index, step in enumerate(steps, start=1):
        expected = phase if index == many else RUNNING
        assert step.run.metric(metric.name).phase is expected
        assert step.run.phase is run_verdict([(expected, metric.dry_run)])


def the_twin_agrees_on_a_run(metrics: Sequence[Metric], came: Sequence[Sequence[Seen]]) -> None:
    """A run stands as its worst metric of those that are over, at every moment. (Times are another property's.)"""
    metrics = [evolve(one, error_total_seconds=1e9) for one in metrics]
    wanted = Analysis(tuple(metrics))
    for step in measured(wanted, {one.name: mine for one, mine in zip(metrics, came, strict=True)}):
        stand = []
        for one, mine in zip(metrics, came, strict=True):
            result = step.run.metric(one.name)
            told = [(counted_as(one, seen), 0.0) for seen in mine[: result.taken]]
            stand.append((verdict_of(one, told)[1], one.dry_run))
        assert step.run.phase is run_verdict(stand)


def a_failure_makes_no_success(metric: Metric, came: Sequence[Seen], index: int) -> None:
    """With a measured success turned into a failure nothing becomes Successful that was not.

    (A failure in the place of an inconclusive measurement may: each has a limit of its own.)
    """
    index %= len(came)
    worse = [*came[:index], Seen([0.0]), *came[index + 1 :]]
    before, after = counted_as(metric, came[index]), counted_as(metric, worse[index])
    if not (before.phase is SUCCESSFUL and before.real and after.phase is AnalysisPhase.FAILED):
        return
    metric = evolve(metric, dry_run=False)
    was, became = (ended(Analysis((metric,)), {metric.name: one}).phase for one in (came, worse))
    assert was is SUCCESSFUL or became is not SUCCESSFUL


def order_makes_no_difference(metrics: Sequence[Metric], came: Sequence[Sequence[Seen]], turned: int) -> None:
    """The order in which the metrics are declared decides nothing: neither the verdict nor when it comes."""
    told = {one.name: mine for one, mine in zip(metrics, came, strict=True)}
    turned %= len(metrics)
    runs = [ended(Analysis(tuple(order)), told) for order in (metrics, [*metrics[turned:], *metrics[:turned]])]
    first, second = ((run.phase, {one.name: one for one in run.metrics}, run.finished_at) for run in runs)
    assert first == second


def reloaded(run: AnalysisRun) -> AnalysisRun:
    """The run after a restart: written with the record, and read again."""
    memory = GateMemory("pre", V2, 1, START, run=run)
    record = evolve(Record.new(START), gates=(memory,))
    again = codec.load_record(codec.dump_record(record))
    assert again.gates[0].run is not None
    return again.gates[0].run


def a_restart_makes_no_difference(metrics: Sequence[Metric], came: Sequence[Sequence[Seen]]) -> None:
    """A run that is written down and read again after every measurement ends exactly as one that is not."""
    wanted = Analysis(tuple(metrics))
    told = {one.name: mine for one, mine in zip(metrics, came, strict=True)}
    run = begun(wanted)
    for _ in range(200):
        step = next(iter(measured(wanted, told, ABOUT, reloaded(run))), None)
        if step is None:
            break
        run = step.run
    assert run == ended(wanted, told)
