"""Whether a rollout policy does what it is there for: asked of simulations, before a release asks it.

    report = verify(load_path("shop.yaml"), Assumptions.of("detect=2m"))
    assert not report.of(Verdict.FAULT), report

A question is a file in `questions`; `families` are the scenarios that are tried, each a `Scenario` that can be played
by itself; `assumptions` is what is taken for granted, `declared` what is read off the declaration alone.
"""

from __future__ import annotations

from bluegreen.testing.verifying.assumptions import Assumptions
from bluegreen.testing.verifying.report import Answer, Report, Shown, Verdict
from bluegreen.testing.verifying.scenario import Scenario
from bluegreen.testing.verifying.verify import scenario, scenarios, verify

__all__ = ["Answer", "Assumptions", "Report", "Scenario", "Shown", "Verdict", "scenario", "scenarios", "verify"]
