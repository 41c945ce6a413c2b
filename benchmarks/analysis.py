"""Steps of an analysis a second: five metrics in mid-run, between measurements and with an outcome for each."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bluegreen.analysis import About, advance, compare, definition_of
from bluegreen.conditions import compiled
from bluegreen.runs import AnalysisRun
from bluegreen.snapshot import Outcome
from bluegreen.spec import Analysis, Comparison, Metric, RevisionId

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ABOUT = About(RevisionId("new"), RevisionId("old"))
SECONDS = 2.0


def _rate(work: Callable[[], object]) -> float:
    """Calls a second, the best of three runs of a third of `SECONDS` each."""
    best = 0.0
    for _ in range(3):
        count, began = 0, time.perf_counter()
        while (passed := time.perf_counter() - began) < SECONDS / 3:
            for _ in range(10):
                work()
            count += 10
        best = max(best, count / passed)
    return best


def _outcomes(analysis: Analysis, run: AnalysisRun, now: datetime) -> tuple[Outcome, ...]:
    tasks = advance(analysis, run, (), ABOUT, now).tasks
    return tuple(Outcome(task.key, now, now, [0.995]) for task in tasks)


def main() -> None:
    """Prints the rates of both kinds of step, and that of a comparison of as many values as one ever looks at."""
    analysis = Analysis(
        tuple(
            Metric(f"metric-{number}", "told", {"query": "up"}, "result[0] >= 0.99", count=20, interval_seconds=30)
            for number in range(5)
        )
    )
    run, now = AnalysisRun("pre", ABOUT.revision, 1, NOW, definition=definition_of(analysis)), NOW
    for _ in range(10):
        run = advance(analysis, run, _outcomes(analysis, run, now), ABOUT, now).run
        now += timedelta(seconds=30)
    came = _outcomes(analysis, run, now)
    assert len(came) == len(analysis.metrics)
    idle = _rate(lambda: advance(analysis, run, (), ABOUT, now))
    taking = _rate(lambda: advance(analysis, run, came, ABOUT, now))
    condition = compiled("result[0] >= 0.99")
    asking = _rate(lambda: [condition.evaluate({"result": [0.995], "labels": None}) for _ in came])
    print(
        f"5 metrics in mid-run: {idle:,.0f} steps/s; {taking:,.0f} steps/s that take in 5 measurements, "
        f"{taking / asking:.2f} x the rate of evaluating their 5 conditions"
    )
    values = [float(number % 37) for number in range(200)]
    compared = _rate(lambda: compare([one + 1 for one in values], values, Comparison()))
    print(f"200 values of each colour: {compared:,.0f} comparisons/s")
