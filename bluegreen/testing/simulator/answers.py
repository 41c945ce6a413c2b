"""Who answers what a simulated release asks: every metric provider, and whatever runs hooks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping

from attrs import define, evolve, field

from bluegreen.backends.memory import World as MemoryWorld
from bluegreen.errors import BackendError
from bluegreen.ports import NoData
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON, Analysis, Metric, RevisionId, Rollout
from bluegreen.testing.simulator.process import START
from bluegreen.testing.simulator.series import Said, Silence
from bluegreen.testing.simulator.witness import Witness, answered, with_numbers, witness
from bluegreen.testing.simulator.world import Build, World


def simulated(rollout: Rollout) -> Rollout:
    """The rollout with queries that the simulator can answer. Everything that decides stays as it was declared."""

    def asked(analysis: Analysis | None) -> Analysis | None:
        return evolve(analysis, metrics=tuple(map(answered, analysis.metrics)), args=()) if analysis else None

    blue_green = rollout.strategy
    strategy = evolve(
        blue_green,
        pre_promotion_analysis=asked(blue_green.pre_promotion_analysis),
        post_promotion_analysis=asked(blue_green.post_promotion_analysis),
    )
    hooks = tuple(evolve(one, options={"name": one.name}, secrets={}) for one in rollout.policy.hooks)
    return evolve(rollout, strategy=strategy, policy=evolve(rollout.policy, hooks=hooks))


@define
class Answers:
    """A metric provider and a runner of hooks: what they say is what the world's builds are like.

    `available_at` and `live_at` are when a revision first had a replica available and first had live traffic, in the
    loop's seconds, as far as `follow` was called since. `forced` is what a script wants a metric (or, under an
    empty name, every metric) to say from now on, whatever the builds are like.
    """

    rollout: Rollout
    like: World
    world: MemoryWorld
    available_at: dict[RevisionId, float] = field(factory=dict[RevisionId, float])
    live_at: dict[RevisionId, float] = field(factory=dict[RevisionId, float])
    forced: dict[str, JSON | Said] = field(factory=dict[str, JSON])
    _started: dict[Key, tuple[float, bool]] = field(factory=dict[Key, tuple[float, bool]])

    @property
    def providers(self) -> dict[str, Answers]:
        """Itself, under the name of every provider that the rollout asks."""
        return {one.provider: self for one in self._metrics()}

    def _metrics(self) -> tuple[Metric, ...]:
        strategy = self.rollout.strategy
        found = (strategy.pre_promotion_analysis, strategy.post_promotion_analysis)
        return tuple(metric for one in found if one for metric in one.metrics)

    def follow(self) -> None:
        """Takes down which builds are available, and which are live, for the first time."""
        world = self.world
        for revision in world.revisions:
            if revision not in self.available_at and (there := world.available(revision)):
                first = min(one.ready_at for one in there) + world.min_ready_seconds
                self.available_at[revision] = min(first, world.time())
        for layer in world.layers.values():
            if isinstance(layer.active, str) and layer.active not in self.live_at:
                self.live_at[RevisionId(layer.active)] = world.time()

    # Metrics.

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData:
        """What a query that `simulated` wrote is answered with."""
        metric = next(one for one in self._metrics() if one.name == query["metric"])
        await asyncio.sleep(self.like.measures.get(metric.name, self.like.measure_s))
        found = self.like.samples.get(metric.name) or witness(metric)
        said = self._said(metric.name, query.get("revision"))
        if isinstance(said, Silence):
            return _silent(said, found, metric)
        if not isinstance(said, float):
            return said
        if not metric.both:
            return found.at(said)
        stable = query["revision"] == self._stable()
        result = found.at(0.0 if stable else said)
        return result["active" if stable else "preview"] if isinstance(result, dict) else result

    def _said(self, metric: str, revision: RevisionId | None) -> Said | JSON:
        for name in (metric, ""):
            if name in self.forced:
                return self.forced[name]
        record = self.world.record
        about = revision or (record.current if record else None)
        build = self.like.builds.get(about) if about else None
        return self.like_now(build, about) if build and about else 0.0

    def like_now(self, build: Build, revision: RevisionId) -> Said:
        """What is said of a build now: of one that has live traffic, by how long it has had it."""
        self.follow()
        now_s = asyncio.get_running_loop().time()
        if build.live_metrics is None or revision not in self.live_at:
            return build.metrics.at(now_s - self.available_at.get(revision, now_s))
        return build.live_metrics.at(now_s - self.live_at[revision])

    def _stable(self) -> RevisionId | None:
        return self.world.record.stable if self.world.record else None

    # Hooks.

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        """Begins the step, unless it has begun under this key."""
        build = self.like.builds.get(key.revision)
        fails = build.hooks_fail if build else False
        self._started.setdefault(key, (asyncio.get_running_loop().time(), fails))

    async def poll(self, key: Key) -> Outcome | None:
        """The outcome, once the step has taken its time."""
        if key not in self._started:
            return Outcome(key, START, START, error="it never began")
        at_s, fails = self._started[key]
        build = self.like.builds.get(key.revision)
        takes_s = self.like.hook_s if build is None or build.hook_s is None else build.hook_s
        if asyncio.get_running_loop().time() < at_s + takes_s:
            return None
        error = "the step failed" if fails else ""
        return Outcome(key, START, START, value=None if fails else "done", error=error, retry=False)

    async def cancel(self, key: Key) -> None:
        """Forgets the step."""
        self._started.pop(key, None)


def _silent(said: Silence, found: Witness, metric: Metric) -> JSON | NoData:
    example = found.good if found.good is not None else found.bad
    match said:
        case Silence.NO_DATA:
            return NoData([] if isinstance(example, list) else None)
        case Silence.NAN:
            return with_numbers(example, math.nan)
        case Silence.INFINITE:
            return with_numbers(example, math.inf)
        case Silence.ERROR:
            raise BackendError(f"{metric.name}: the provider does not answer")
