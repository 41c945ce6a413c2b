"""Worlds by chance: builds that are good, and builds that are bad in every way; layers and people."""

from __future__ import annotations

from typing import Any

from bluegreen.backends.memory import NEVER
from bluegreen.spec import Rollout
from bluegreen.testing.simulator.series import BAD, Piece, Series, Silence, flapping, ramp, spike, steady, step
from bluegreen.testing.simulator.world import Build, LayerManners, Release, World
from bluegreen.testing.soak.chance import Chance

NAMES = ("next", "later", "latest")
"""What the builds that are released are called."""


def a_world(chance: Chance, rollout: Rollout) -> World:
    """A world into which from one build to three are released, some on top of each other."""
    at_s, releases = 0.0, list[Release]()
    for name in NAMES[: chance.one(1, 1, 2, 2, 3)]:
        releases.append(Release(_build(chance, name), round(at_s, 1)))
        at_s += chance.one(0.0, 1.0, 5.0, 30.0, 120.0, 600.0) + chance.seconds(30)
    layers = chance.some([one.name for one in rollout.policy.routers], 3)
    return World(
        rollout.template,
        tuple(releases),
        stable=Build("stable", chance.one(1.0, 0.0, 5.0)),
        layers={name: _manners(chance) for name in layers},
        promotes_after_s=chance.one(60.0, 5.0, 0.0, 600.0, None),
        measure_s=chance.one(0.5, 0.0, 3.0),
        hook_s=chance.one(1.0, 0.0, 3.0),
    )


def _manners(chance: Chance) -> LayerManners:
    return LayerManners(chance.one(0.0, 1.5, 4.0), chance.one(0.0, 3.0, 20.0), chance.one(True, False))


def _build(chance: Chance, name: str) -> Build:
    fields: dict[str, Any] = {"ready_after_s": chance.one(1.0, 0.0, 5.0, 20.0, 100.0)}
    at_s, long_s = chance.seconds(60), 10 + chance.seconds(50)
    match chance.luck.randrange(16):
        case 0:
            fields["ready_after_s"] = NEVER
        case 1:
            fields["dies_after_s"] = 1 + at_s
        case 2:
            fields["metrics"] = _series(chance)
        case 3:
            fields["live_metrics"] = _series(chance)
        case 4:
            fields["metrics"] = Series((Piece(0.0, chance.one(*Silence)), Piece(1 + at_s, BAD)))
        case 5:
            fields["live_metrics"] = ramp(at_s, long_s)
        case 6:
            fields["hooks_fail"] = True
        case 7:
            fields["hook_s"] = chance.one(NEVER, 30.0, 10.0)
        case _:
            pass  # a good one
    return Build(name, **fields)


def _series(chance: Chance) -> Series:
    at_s, long_s, says = chance.seconds(60), 10 + chance.seconds(50), chance.one(BAD, BAD, BAD, 0.5, *Silence)
    return chance.one(
        steady(says), step(at_s, says), ramp(at_s, long_s), spike(at_s, long_s, says), flapping(2 * long_s, says)
    )
