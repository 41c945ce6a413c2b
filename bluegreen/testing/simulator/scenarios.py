"""Scenarios by name, for the command line: `bad-after-2m`, `never-ready`, `no-data`, `crash+bad-after-2m`."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, Final

from attrs import evolve, frozen

from bluegreen.backends.memory import NEVER
from bluegreen.errors import CommandError
from bluegreen.spec import Rollout
from bluegreen.testing.simulator.faults import (
    Ask,
    Crash,
    Faults,
    Happening,
    Partition,
    PodsFail,
    PointElsewhere,
    Refuse,
    Stall,
    Twin,
)
from bluegreen.testing.simulator.series import Silence, flapping, ramp, steady, step
from bluegreen.testing.simulator.world import Build, LayerManners, World

NEXT: Final = "next"
"""The name of the build that is released."""
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class UnknownScenario(CommandError):
    """There is no scenario of this name; the message says which there are."""


@frozen
class Setting:
    """What a scenario is made of, in the making: each word of its name changes it."""

    rollout: Rollout
    build: Build
    world: World
    faults: tuple[Happening, ...]
    chance: random.Random

    def having(self, **build: Any) -> Setting:
        """The setting with other fields of the build that is released."""
        return evolve(self, build=evolve(self.build, **build))

    def and_then(self, *happenings: Happening) -> Setting:
        """The setting in which this happens too."""
        return evolve(self, faults=(*self.faults, *happenings))

    @property
    def layer(self) -> str:
        """One of the layers."""
        return self.chance.choice([one.name for one in self.rollout.policy.routers])

    def moment_s(self) -> float:
        """Some moment of a release, in seconds."""
        return round(self.chance.uniform(0, 300), 1)


Change = Callable[[Setting, float], Setting]


def _crash(it: Setting, at_s: float) -> Setting:
    return it.and_then(Crash(at_s, back_after_s=60))


def _slow(it: Setting, seconds: float) -> Setting:
    layers = {one.name: LayerManners(converge_after_s=seconds) for one in it.rollout.policy.routers}
    return evolve(it, world=evolve(it.world, layers=layers))


def _pods_fail(it: Setting, build: str) -> Setting:
    return it.and_then(PodsFail(it.moment_s(), build, 99, 60))


def _random(it: Setting) -> Setting:
    """Some build, and what goes wrong: drawn anew for each seed."""
    chance = it.chance
    kind = chance.choice(["good", "bad", "bad-after-TIME", "no-data", "never-ready", "dies-after-TIME", "nan"])
    it = SCENARIOS[kind][1](it, float(chance.choice([1, 10, 30, 120, 600])))
    calls = ["point", "prepare", "observe", "save", "ensure", "retire"]
    for _ in range(chance.randint(0, 4)):
        at_s, call = it.moment_s(), chance.choice(calls)
        happenings: list[Happening] = [
            Crash(at_s, before=call),
            Crash(at_s, after=call),
            Refuse(at_s, call),
            Stall(at_s, call, 120),
            Twin(at_s),
            Partition(at_s, f"layer {it.layer}", 300),
            PodsFail(at_s, chance.choice([NEXT, "stable"]), 1, 60),
            PointElsewhere(at_s, it.layer, chance.choice([NEXT, "stable", "nothing"])),
            Ask(at_s, chance.choice(["abort", "promote", "promote-full", "retry"])),
        ]
        it = it.and_then(chance.choice(happenings))
    return it


SCENARIOS: Final[dict[str, tuple[str, Change]]] = {
    "good": ("the build is good", lambda it, _: it),
    "bad": ("metrics are bad from the start", lambda it, _: it.having(metrics=steady(1.0))),
    "bad-after-TIME": (
        "metrics get bad when it has had live traffic for so long",
        lambda it, s: it.having(live_metrics=step(s)),
    ),
    "worse-for-TIME": (
        "with live traffic metrics get worse and worse, and are bad after so long",
        lambda it, s: it.having(live_metrics=ramp(0, s)),
    ),
    "flapping-TIME": ("metrics are good and bad by turns", lambda it, s: it.having(metrics=flapping(s))),
    "no-data": ("nothing is measured: there is no data", lambda it, _: it.having(metrics=steady(Silence.NO_DATA))),
    "nan": ("metrics are NaN", lambda it, _: it.having(metrics=steady(Silence.NAN))),
    "metrics-down": ("no provider answers", lambda it, _: it.having(metrics=steady(Silence.ERROR))),
    "never-ready": ("no replica ever gets ready", lambda it, _: it.having(ready_after_s=NEVER)),
    "ready-after-TIME": ("replicas take so long to get ready", lambda it, s: it.having(ready_after_s=s)),
    "dies-after-TIME": ("replicas die so long after they got ready", lambda it, s: it.having(dies_after_s=s)),
    "hooks-fail": ("every hook fails", lambda it, _: it.having(hooks_fail=True)),
    "nobody": ("nobody promotes", lambda it, _: evolve(it, world=evolve(it.world, promotes_after_s=None))),
    "abort-after-TIME": ("a person aborts, so long after it began", lambda it, s: it.and_then(Ask(s, "abort"))),
    "promote-full-after-TIME": (
        "a person skips every gate, so long after it began",
        lambda it, s: it.and_then(Ask(s, "promote-full")),
    ),
    "crash": ("the engine dies at some moment, and is back a minute later", lambda it, _: _crash(it, it.moment_s())),
    "crash-after-TIME": ("the engine dies then, and is back a minute later", _crash),
    "twin": ("a second engine drives the same rollout", lambda it, _: it.and_then(Twin(it.moment_s()))),
    "blind": (
        "one layer cannot be reached for ten minutes",
        lambda it, _: it.and_then(Partition(it.moment_s(), f"layer {it.layer}", 600)),
    ),
    "slow-TIME": ("layers take so long to follow a write", _slow),
    "pods-fail": ("all replicas of the build fail for a minute", lambda it, _: _pods_fail(it, NEXT)),
    "stable-fails": ("all replicas of the stable build fail for a minute", lambda it, _: _pods_fail(it, "stable")),
    "outsider": (
        "somebody points a layer back at the stable build",
        lambda it, _: it.and_then(PointElsewhere(it.moment_s(), it.layer, "stable")),
    ),
    "random": ("any build, and up to four things that go wrong", lambda it, _: _random(it)),
}
"""By its name: what a scenario is, and how it comes about. TIME is `90s`, `2m`, `1h`."""


def scenario(name: str, rollout: Rollout, seed: int = 0) -> tuple[World, Faults]:
    """The world and the faults of a scenario; several names may be joined with `+`.

    The seed decides what a name leaves open: how long replicas take, when somebody promotes, when things go wrong.
    Raises `UnknownScenario`.
    """
    chance = random.Random(seed)
    build = Build(NEXT, ready_after_s=round(chance.uniform(5, 30), 1))
    world = World.of(rollout, promotes_after_s=round(chance.uniform(20, 120), 1))
    it = Setting(rollout, build, evolve(world, stable=Build("stable", ready_after_s=5)), (), chance)
    for word in name.split("+"):
        it = _changed(it, word.strip())
    return evolve(it.world, releases=World.of(rollout, it.build).releases), Faults(it.faults)


def _changed(it: Setting, word: str) -> Setting:
    if word in SCENARIOS:
        return SCENARIOS[word][1](it, 0.0)
    kind, _, time = word.rpartition("-")
    seconds = seconds_of(time)
    if seconds is not None and f"{kind}-TIME" in SCENARIOS:
        return SCENARIOS[f"{kind}-TIME"][1](it, seconds)
    near = get_close_matches(word, SCENARIOS, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(SCENARIOS)}"
    raise UnknownScenario(f"there is no scenario {word!r}; {hint} (TIME is 90s, 2m or 1h)")


def seconds_of(text: str) -> float | None:
    """The seconds of `90s`, `2m`, `1.5h` or `1d`; None for what is no such time."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    return float(found[1]) * _UNITS[found[2]] if found else None
