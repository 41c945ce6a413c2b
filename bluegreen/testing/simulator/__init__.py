"""The simulator: the engine as it is, in a world of which every part can be made to go wrong, in virtual time.

    trace = simulate(rollout, World.of(rollout, Build("v2", live_metrics=step(120))), Faults((Crash(30),)))

A `World` says what builds, layers and people are like, `Faults` what happens and when; both are data, which Hypothesis
draws (`bluegreen.testing.strategies`) and shrinks. Where to read on: `playing` (the whole of it), `stage` (engines and
a world), `process` (an engine that can be killed), `wire` (what lies between the two), `answers` (who answers metrics
and hooks), `witness` (with what), `happening` (what each fault does).
"""

from __future__ import annotations

from bluegreen.testing.simulator.faults import (
    NO_FAULTS,
    Ask,
    Crash,
    DeleteElsewhere,
    Faults,
    Happening,
    Lose,
    Partition,
    PodsFail,
    PointElsewhere,
    Refuse,
    RepeatedOutcomes,
    ScaleElsewhere,
    Slow,
    StaleLooks,
    Stall,
    Twin,
)
from bluegreen.testing.simulator.fitting import MisfitFaults
from bluegreen.testing.simulator.playing import NotHealthy, simulate
from bluegreen.testing.simulator.series import Piece, Series, Silence, flapping, ramp, spike, steady, step
from bluegreen.testing.simulator.witness import Witness, witness
from bluegreen.testing.simulator.world import Build, LayerManners, Release, World

__all__ = [
    "NO_FAULTS",
    "Ask",
    "Build",
    "Crash",
    "DeleteElsewhere",
    "Faults",
    "Happening",
    "LayerManners",
    "Lose",
    "MisfitFaults",
    "NotHealthy",
    "Partition",
    "Piece",
    "PodsFail",
    "PointElsewhere",
    "Refuse",
    "Release",
    "RepeatedOutcomes",
    "ScaleElsewhere",
    "Series",
    "Silence",
    "Slow",
    "StaleLooks",
    "Stall",
    "Twin",
    "Witness",
    "World",
    "flapping",
    "ramp",
    "simulate",
    "spike",
    "steady",
    "step",
    "witness",
]
