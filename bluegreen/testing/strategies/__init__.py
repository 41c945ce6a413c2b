"""Strategies for Hypothesis: rollouts and their manifests, worlds, what metrics say, what goes wrong, what people ask.

    from bluegreen.testing.strategies import fault_plans, worlds

    @given(worlds(SHOP), fault_plans(crashes=2, outsiders=1))
    def test_a_bad_build_is_live_two_minutes_at_most(world: World, faults: Faults) -> None:
        trace = simulate(SHOP, world, faults)
        invariants.check(trace)
        assert trace.live(world.bad) <= timedelta(minutes=2), trace

All of them give what is valid by construction (but for the `near_valid` ones, which have one thing wrong), and shrink
to what is plain: one build, defaults, round moments, only the faults that are needed. Needs `bluegreen[testing]`.
"""

from __future__ import annotations

from bluegreen.testing.strategies.analyses import analyses, comparisons, metrics
from bluegreen.testing.strategies.faults import commands, fault_plans
from bluegreen.testing.strategies.manifests import manifest, manifests
from bluegreen.testing.strategies.near_valid import NearValid, near_valid_manifests, near_valid_rollouts
from bluegreen.testing.strategies.policies import gates, hooks, policies, routers
from bluegreen.testing.strategies.rollouts import rollouts, templates
from bluegreen.testing.strategies.worlds import BADNESS, LASTING, bad_builds, good_builds, series, worlds

__all__ = [
    "BADNESS",
    "LASTING",
    "NearValid",
    "analyses",
    "bad_builds",
    "commands",
    "comparisons",
    "fault_plans",
    "gates",
    "good_builds",
    "hooks",
    "manifest",
    "manifests",
    "metrics",
    "near_valid_manifests",
    "near_valid_rollouts",
    "policies",
    "rollouts",
    "routers",
    "series",
    "templates",
    "worlds",
]
