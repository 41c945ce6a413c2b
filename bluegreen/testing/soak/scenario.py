"""One run of the soak: drawn from its seed, played, and judged."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Final
from unittest.mock import patch

from attrs import frozen

from bluegreen.engine.driver import POLL_SETTLED_S
from bluegreen.spec import Rollout
from bluegreen.testing import invariants
from bluegreen.testing.simulator import Faults, World, simulate
from bluegreen.testing.simulator.playing import long_enough_s
from bluegreen.testing.soak.chance import Chance
from bluegreen.testing.soak.rollouts import a_rollout
from bluegreen.testing.soak.trouble import trouble
from bluegreen.testing.soak.worlds import a_world
from bluegreen.testing.trace import Trace

HOUR_S: Final = 3600.0
POLLS_S: Final = (POLL_SETTLED_S, 60.0, 300.0, 300.0, 300.0, 300.0)
_LIMITS: Final = ("FRESH_S", "ACT_TIMEOUT_S", "PREPARE_TIMEOUT_S")


@frozen
class Scenario:
    """All that one run is made of.

    `unhurried`: engines begin actions, and wait for them, as late and as long as they like. What they do is late then
    by minutes, where a stalled call would else have been given up; no safety rests on those limits. `polls_s`: an
    engine that has settled looks again after so long at the latest; where that is long, it acts because it was told
    to, or meant to, or not at all.
    """

    rollout: Rollout
    world: World
    faults: Faults
    unhurried: bool = False
    polls_s: float = POLL_SETTLED_S

    def play(self) -> Trace:
        """Plays it: the faults, and then at least a virtual hour in all. The same scenario gives the same trace."""
        for_s = max(long_enough_s(self.rollout), HOUR_S - self.faults.last_s)
        with _patience(self.unhurried, self.polls_s):
            return simulate(self.rollout, self.world, self.faults, for_s=for_s)


@frozen
class Found:
    """What is wrong with a run: which invariant it breaks (0: the engine raised something), and a sentence."""

    invariant: int
    sentence: str


@frozen
class Ran:
    """One run, over: `virtual_s` by its own clock, `cpu_s` by ours; `found` is None when nothing was wrong."""

    seed: int
    virtual_s: float
    cpu_s: float
    moments: int
    found: Found | None


def drawn(seed: int) -> Scenario:
    """The scenario that goes with this seed."""
    chance = Chance.of(seed)
    rollout = a_rollout(chance)
    world, faults = a_world(chance, rollout), trouble(chance, rollout)
    return Scenario(rollout, world, faults, chance.once_in(3), chance.one(*POLLS_S))


def run(seed: int) -> Ran:
    """Draws the scenario, plays it, and judges it. Never raises for what the engine does."""
    began_s = time.process_time()
    trace, found = judged(drawn(seed))
    moments = trace.moments if trace else []
    virtual_s = moments[-1].at_s if moments else 0.0
    return Ran(seed, virtual_s, time.process_time() - began_s, len(moments), found)


def judged(scenario: Scenario) -> tuple[Trace | None, Found | None]:
    """The trace (None where an engine raised something), and the first thing that is wrong with it."""
    try:
        trace = scenario.play()
    except Exception as error:  # whatever an engine raises at all is what the soak is for
        return None, Found(0, f"{type(error).__name__}: {error}")
    for sentence in invariants.violations(trace):
        return trace, Found(int(sentence.split()[1]), sentence)
    return trace, None


@contextmanager
def _patience(unhurried: bool, polls_s: float) -> Generator[None]:
    with ExitStack() as patched:
        patched.enter_context(patch("bluegreen.engine.driver.POLL_SETTLED_S", polls_s))
        for limit in _LIMITS if unhurried else ():
            patched.enter_context(patch(f"bluegreen.engine.act.{limit}", 1e9))
        yield
