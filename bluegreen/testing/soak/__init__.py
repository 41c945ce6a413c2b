"""The soak: random rollouts in random worlds in which anything goes wrong, for as long as there is time.

    python -m bluegreen.testing.soak --seconds 600
    python -m bluegreen.testing.soak --replay 1234

Each run has a seed, and a seed makes the same run every time: a rollout with any of the fields that decide
(`rollouts`), a world of builds, layers and people (`worlds`), and a plan of what goes wrong (`trouble`). After each run
the eight invariants are checked on its trace (`scenario`); what breaks one is made smaller (`smaller`) and told as
Python that a test can keep (`telling`).
"""

from __future__ import annotations

from bluegreen.testing.soak.scenario import Found, Ran, Scenario, drawn, judged, run
from bluegreen.testing.soak.smaller import smaller
from bluegreen.testing.soak.telling import lines, python, story

__all__ = ["Found", "Ran", "Scenario", "drawn", "judged", "lines", "python", "run", "smaller", "story"]
