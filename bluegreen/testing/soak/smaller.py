"""Making what was found smaller: whatever can be left out while the same promise is still broken is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from attrs import evolve

from bluegreen.engine.driver import POLL_SETTLED_S
from bluegreen.testing.simulator import Faults
from bluegreen.testing.soak.scenario import Found, Scenario, judged

TRIES_MAX: Final = 200
"""So many scenarios are played at most."""


def smaller(scenario: Scenario, found: Found) -> tuple[Scenario, Found]:
    """A scenario that breaks the same invariant with as little as possible, and how it does.

    Greedy: one thing is left out at a time, for as long as something can be.
    """

    def again(one: Scenario) -> Found | None:
        broken = judged(one)[1]
        return broken if broken is not None and broken.invariant == found.invariant else None

    return _smaller(scenario, found, again)


def _smaller(scenario: Scenario, found: Found, again: Callable[[Scenario], Found | None]) -> tuple[Scenario, Found]:
    tries = 0
    left = True
    while left:
        left = False
        for less in _less(scenario):
            tries += 1
            if tries > TRIES_MAX:
                return scenario, found
            if (broken := again(less)) is not None:
                scenario, found, left = less, broken, True
                break
    return scenario, found


def _less(scenario: Scenario) -> Iterator[Scenario]:
    """Every scenario with one thing less in it."""
    rollout, world = scenario.rollout, scenario.world
    happenings = scenario.faults.happenings
    for at in reversed(range(len(happenings))):
        yield evolve(scenario, faults=Faults(happenings[:at] + happenings[at + 1 :]))
    for at in reversed(range(1, len(world.releases))):
        yield evolve(scenario, world=evolve(world, releases=world.releases[:at] + world.releases[at + 1 :]))
    if rollout.policy.hooks:
        yield evolve(scenario, rollout=evolve(rollout, policy=evolve(rollout.policy, hooks=())))
    if rollout.gates:
        yield evolve(scenario, rollout=evolve(rollout, gates=()))
    strategy = rollout.strategy
    if strategy.pre_promotion_analysis:
        yield evolve(scenario, rollout=evolve(rollout, strategy=evolve(strategy, pre_promotion_analysis=None)))
    if strategy.post_promotion_analysis:
        yield evolve(scenario, rollout=evolve(rollout, strategy=evolve(strategy, post_promotion_analysis=None)))
    for name in world.layers:
        manners = {other: one for other, one in world.layers.items() if other != name}
        yield evolve(scenario, world=evolve(world, layers=manners))
    if scenario.unhurried:
        yield evolve(scenario, unhurried=False)
    if scenario.polls_s != POLL_SETTLED_S:
        yield evolve(scenario, polls_s=POLL_SETTLED_S)
