"""A release that is measured: what is declared, and what comes out."""

from __future__ import annotations

from typing import Any

from bluegreen.runs import AnalysisRun
from bluegreen.spec import Analysis, Arg, Metric
from tests.support.worlds import V2, Play, healthy

PRE, POST = "prePromotionAnalysis", "postPromotionAnalysis"


def metric(name: str = "success-rate", **fields: Any) -> Metric:
    """Three measurements, ten seconds apart, each at least 0.99."""
    given: dict[str, Any] = {
        "count": 3,
        "interval_seconds": 10,
        "success_condition": "result[0] >= 0.99",
        "query": {"query": "up"},
        **fields,
    }
    return Metric(name, "prometheus", **given)


def analysis(*metrics: Metric, args: tuple[Arg, ...] = ()) -> Analysis:
    """These metrics, or one."""
    return Analysis(metrics or (metric(),), args)


def before(*metrics: Metric, **fields: Any) -> Play:
    """v2 is applied to a healthy v1, and is analysed before its promotion."""
    play = healthy(**fields)
    play.apply("v2", pre_promotion_analysis=analysis(*metrics))
    play.go(3)
    return play


def after(*metrics: Metric, **fields: Any) -> Play:
    """v2 has the traffic, and is analysed after its promotion."""
    play = healthy(**fields)
    play.apply("v2", post_promotion_analysis=analysis(*metrics))
    play.go(3)
    assert set(play.live().values()) == {V2}
    return play


def answer(play: Play, *values: float, seconds: float = 10.0) -> None:
    """Whatever is being measured comes out as this value, one measurement after the other."""
    for value in values:
        assert play.running
        for key in sorted(play.running, key=str):
            play.finish(key, [value])
        play.go(seconds)


def fault(play: Play, error: str) -> None:
    """Whatever is being measured fails."""
    for key in list(play.running):
        play.finish(key, error=error)
    play.go(0)


def run_of(play: Play, gate: str = PRE) -> AnalysisRun:
    """The run of this gate."""
    run = next(memory.run for memory in play.memory.gates if memory.gate == gate)
    assert run is not None
    return run
