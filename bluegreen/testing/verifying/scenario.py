"""One scenario: a build, people, and what goes wrong; played with the engine as it is."""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen

from bluegreen.backends.memory import NEVER
from bluegreen.gates import ManualGate, Stage
from bluegreen.spec import Metric, Rollout
from bluegreen.testing.simulator import Ask, Build, Faults, Happening, LayerManners, World, simulate
from bluegreen.testing.simulator.playing import PATIENCE_S, long_enough_s
from bluegreen.testing.trace import Trace
from bluegreen.testing.verifying.assumptions import Assumptions
from bluegreen.testing.verifying.declared import load_of, metrics_of
from bluegreen.testing.verifying.seen import Seen, seen

BUILD = "next"
"""What the build that is released is called."""


@frozen
class Scenario:
    """What happens, in words and as data. `story` ends a sentence that begins with "the new build"."""

    name: str
    story: str
    build: Build
    happenings: tuple[Happening, ...] = ()
    attended: bool = True
    """Somebody promotes, and approves what waits for a person."""
    for_s: float | None = None
    """How long the simulation goes on once all has happened; None: as long as the rollout declares anything to take."""
    finishes: bool = True
    """The release has to be at rest in the end."""

    def play(self, rollout: Rollout, assumptions: Assumptions) -> Trace:
        """What happens: a trace. The same scenario gives the same trace."""
        faults = Faults((*self.happenings, *(approvals(rollout, assumptions) if self.attended else ())))
        for_s = horizon_s(rollout, assumptions) if self.for_s is None else self.for_s
        return simulate(playable(rollout), self.world(rollout, assumptions), faults, for_s=for_s)

    def seen(self, rollout: Rollout, assumptions: Assumptions) -> Seen:
        """What it comes to."""
        world, trace = self.world(rollout, assumptions), self.play(rollout, assumptions)
        stable, released = world.revision(world.stable), world.revision(self.build)
        return seen(trace, stable, released, all_invariants=self.finishes)

    def world(self, rollout: Rollout, assumptions: Assumptions) -> World:
        """The world that it is played in."""
        converges_s = assumptions.converge_s
        manners = {one.name: LayerManners(converges_s, probed=one.probe is not None) for one in rollout.policy.routers}
        return World.of(
            rollout,
            self.build,
            stable=Build("stable", stable_ready_s(rollout, assumptions)),
            layers=manners,
            promotes_after_s=promotes_after_s(assumptions) if self.attended else None,
            measure_s=assumptions.measure_s,
            measures={one.name: takes_s(one, assumptions) for one in metrics_of(rollout)},
        )


@frozen
class Builds:
    """Builds of every kind, under the same assumptions."""

    ready_s: float

    def good(self) -> Build:
        """One that is well."""
        return Build(BUILD, self.ready_s)

    def like(self, **fields: Any) -> Build:
        """One that is otherwise, in these fields of `Build`."""
        return evolve(self.good(), **fields)

    def never(self) -> Build:
        """One whose replicas do not become ready."""
        return self.like(ready_after_s=NEVER)


def promotes_after_s(assumptions: Assumptions) -> float:
    """When somebody promotes. Where nobody is assumed to, what follows a promotion is looked at all the same."""
    return PROMOTES_S if assumptions.promote_s is None else assumptions.promote_s


PROMOTES_S = 300.0
SLACK_S = 120.0
"""What a release that nothing holds up may take beyond what it declares."""


def approvals(rollout: Rollout, assumptions: Assumptions) -> tuple[Happening, ...]:
    """A person's yes to gates of one's own that wait for a person."""
    own = [one.name for one in rollout.gates if isinstance(one, ManualGate) and one.stage is not Stage.ON_ABORT]
    return tuple(Ask(promotes_after_s(assumptions), f"approve {name}") for name in own)


def playable(rollout: Rollout) -> Rollout:
    """The rollout with `spec.paused` cleared: what it does once it goes on is asked, too."""
    return evolve(rollout, paused=False)


def waits_for_people(rollout: Rollout) -> bool:
    """A release of it waits for somebody to promote it, or to approve a gate."""
    return not rollout.strategy.auto_promotion_enabled or any(isinstance(one, ManualGate) for one in rollout.gates)


def horizon_s(rollout: Rollout, assumptions: Assumptions, *, deadlines: bool = False) -> float:
    """Seconds in which a release ends, if it ever does. With `deadlines` also one that has to wait until they pass, but
    for no longer than anybody has patience."""
    patience_s = int(assumptions.patience_s)
    hooks = tuple(evolve(one, deadline_seconds=min(one.deadline_seconds, patience_s)) for one in rollout.policy.hooks)
    deadline_s = max(min(rollout.progress_deadline_seconds, patience_s), rollout.min_ready_seconds + 1)
    capped = evolve(rollout, progress_deadline_seconds=deadline_s, policy=evolve(rollout.policy, hooks=hooks))
    people_s = 2 * assumptions.ready_s + (promotes_after_s(assumptions) if waits_for_people(rollout) else 0.0)
    if deadlines or too_slow(rollout, assumptions):
        return long_enough_s(capped) + people_s
    layers_s = rollout.policy.layer_deadline_seconds * (1 + len(rollout.policy.routers))
    unused_s = PATIENCE_S - SLACK_S + deadline_s + layers_s + sum(one.deadline_seconds for one in hooks)
    loads_s = sum(takes_s(one, assumptions) for one in metrics_of(rollout))
    return long_enough_s(capped) - unused_s + people_s + loads_s + rollout.min_ready_seconds


def stable_ready_s(rollout: Rollout, assumptions: Assumptions) -> float:
    """How long a replica of the stable build takes: as assumed, unless nothing could ever be deployed then."""
    late = too_slow(rollout, assumptions)
    return 1.0 if late else assumptions.ready_s


def too_slow(rollout: Rollout, assumptions: Assumptions) -> bool:
    """No replica is available before the progress deadline."""
    return assumptions.ready_s + rollout.min_ready_seconds >= rollout.progress_deadline_seconds


def takes_s(metric: Metric, assumptions: Assumptions) -> float:
    """How long one measurement takes."""
    load = load_of(metric)
    return load.duration_s if load else assumptions.measure_s
