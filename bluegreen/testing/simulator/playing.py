"""A simulation: a rollout, released into a world in which things go wrong."""

from __future__ import annotations

import asyncio

from bluegreen.backends.memory import World as MemoryWorld
from bluegreen.errors import BluegreenError, RolloutDegraded, WaitTimedOut
from bluegreen.record import Healthy
from bluegreen.spec import Analysis, Metric, Rollout
from bluegreen.testing import virtual_time
from bluegreen.testing.simulator.answers import Answers, simulated
from bluegreen.testing.simulator.faults import NO_FAULTS, Crash, Faults, Happening, in_wait
from bluegreen.testing.simulator.fitting import must_fit
from bluegreen.testing.simulator.happening import Fate
from bluegreen.testing.simulator.person import Person
from bluegreen.testing.simulator.stage import Stage
from bluegreen.testing.simulator.world import Release, World
from bluegreen.testing.trace import Trace

FIRST_DEPLOYMENT_S = 3600.0
"""The declared template has so long to become Healthy before anything is released."""
LONGEST_S = 86_400.0
"""Whatever is declared, a simulation goes on for no more than a day unless it is asked to."""
LIES_IN_WAIT_S = 7200.0
"""A fault that waits for a call has so long to strike."""
PATIENCE_S = 300.0
"""What a release may take beyond all that the rollout declares."""


class NotHealthy(BluegreenError, ValueError):
    """The declared template does not become Healthy by itself, so there is nothing to release on top of."""


def simulate(
    rollout: Rollout, world: World | None = None, faults: Faults = NO_FAULTS, *, for_s: float | None = None
) -> Trace:
    """Plays the release of the world's builds under this rollout, in virtual time, and returns what happened.

    The declared template is live and Healthy first; then each build is declared at its moment, faults happen at
    theirs, and once the last is over they stop, and the rollout has `for_s` seconds to finish (default: what it
    declares, and some minutes). Measurements and hooks are answered as the world's builds are like; nothing outside is
    asked. The same arguments give the same trace. Raises `MisfitFaults` for faults that could
    never happen here, and `NotHealthy` when the declared template does not get there.
    """
    like = world or World.of(rollout)
    must_fit(faults, rollout, like)

    async def main() -> Trace:
        return await _Simulation(simulated(rollout), like, faults).run(for_s)

    return virtual_time.run(main())


def long_enough_s(rollout: Rollout) -> float:
    """Seconds in which any release of this rollout has an end when nothing goes wrong: its deadlines and delays."""
    strategy, policy = rollout.strategy, rollout.policy
    analyses = (strategy.pre_promotion_analysis, strategy.post_promotion_analysis)
    measuring_s = sum(_analysis_s(one) for one in analyses if one)
    deadlines_s = rollout.progress_deadline_seconds + policy.layer_deadline_seconds * (1 + len(policy.routers))
    hooks_s = sum(one.deadline_seconds for one in policy.hooks)
    delays_s = strategy.scale_down_delay_seconds + strategy.abort_scale_down_delay_seconds + rollout.min_ready_seconds
    all_s = measuring_s + deadlines_s + hooks_s + delays_s + strategy.auto_promotion_seconds + PATIENCE_S
    return min(all_s, LONGEST_S)


def _analysis_s(analysis: Analysis) -> float:
    def takes_s(metric: Metric) -> float:
        tries = metric.wanted + metric.consecutive_error_limit + 1
        return metric.initial_delay_seconds + tries * (metric.interval_seconds + metric.error_backoff_seconds + 1)

    return max((takes_s(one) for one in analysis.metrics), default=0.0)


class _Simulation:
    """One simulation; lives as long as its loop."""

    def __init__(self, rollout: Rollout, like: World, faults: Faults) -> None:
        self.rollout, self.like, self.faults = rollout, like, faults
        self.world = MemoryWorld(rollout)
        self.answers = Answers(rollout, like, self.world)
        self.stage = Stage(rollout, self.world, metrics=self.answers.providers, hooks=self.answers)
        self.fate = Fate(self.stage, like)
        self.person = Person(self.stage, 0.0)
        for revision, build in like.builds.items():
            self.world.set_ready_after(revision, build.ready_after_s)
            self.world.set_dies_after(revision, build.dies_after_s)
        for name, manners in like.layers.items():
            layer = self.world.layers[name]
            layer.converge_after_s, layer.drains_after_s = manners.converge_after_s, manners.drains_after_s
            layer.probed = manners.probed

    async def run(self, for_s: float | None) -> Trace:
        """The whole of it."""
        trace = self.stage.trace
        trace.listeners += [lambda _: self.answers.follow(), lambda moment: self.person.hears(moment.truth.record)]
        try:
            await self._first_deployment()
            trace.begin({one: build.name for one, build in self.like.builds.items()})
            self.person.after_s = self.like.promotes_after_s
            await self._play()
            await self.fate.over()
            return await self.stage.calm(long_enough_s(self.rollout) if for_s is None else for_s)
        finally:
            trace.listeners.clear()
            await self.person.leave()

    async def _first_deployment(self) -> None:
        process = await self.stage.start("A")
        try:
            await process.engine.wait_for(Healthy, FIRST_DEPLOYMENT_S)
        except (WaitTimedOut, RolloutDegraded) as error:
            raise NotHealthy(f"the declared template does not become Healthy by itself: {error}") from error

    async def _play(self) -> None:
        began_s = asyncio.get_running_loop().time()
        steps: list[tuple[float, Release | Happening]] = [(one.at_s, one) for one in self.like.releases]
        steps += [(one.at_s, one) for one in self.faults.in_order()]
        for at_s, one in sorted(steps, key=lambda step: step[0]):
            await asyncio.sleep(max(began_s + at_s - asyncio.get_running_loop().time(), 0.0))
            if isinstance(one, Release):
                await self.fate.release(one.build)
            else:
                await self.fate.happen(one)
        await asyncio.sleep(self._left_s(began_s))

    def _left_s(self, began_s: float) -> float:
        """Until the last fault is over: one that lies in wait has until the end of any release to strike."""
        ends = [one.at_s + self._lasts_s(one) for one in self.faults.happenings]
        return max(began_s + max(ends, default=0.0) - asyncio.get_running_loop().time(), 0.0)

    def _lasts_s(self, one: Happening) -> float:
        if in_wait(one):
            return min(long_enough_s(self.rollout), LIES_IN_WAIT_S)
        return one.back_after_s if isinstance(one, Crash) else getattr(one, "for_s", 0.0)
