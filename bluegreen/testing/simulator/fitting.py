"""Whether a plan fits its rollout and its world: a fault that could never happen is a mistake, and said to be one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

import attrs

from bluegreen.errors import BluegreenError
from bluegreen.spec import Rollout
from bluegreen.testing.simulator.faults import Faults, Happening
from bluegreen.testing.simulator.world import World

EVENTS: Final = (
    "Looked",
    "Decided",
    "Saved",
    "Acting",
    "Acted",
    "Dropped",
    "Failed",
    "Finished",
    "Transition",
    "Resting",
)
VERBS: Final = ("promote", "promote-full", "abort", "retry", "pause", "resume", "approve", "scale", "apply")
_SHOWN: Final = ("nothing", "everything", "foreign")


class MisfitFaults(BluegreenError, ValueError):
    """A plan names what there is not. The message names each, with what was probably meant."""


def must_fit(faults: Faults, rollout: Rollout, world: World) -> None:
    """Raises `MisfitFaults` when some of it could never happen to this rollout in this world."""
    known = _known(rollout, world)
    found = [f"{one}: {why}" for one in faults.happenings for why in _misfits(one, known)]
    if found:
        raise MisfitFaults("\n".join(found))


def _known(rollout: Rollout, world: World) -> dict[str, list[str]]:
    layers = [one.name for one in rollout.policy.routers]
    parts = ["workloads", "records", "metrics", "hooks", "layer", *(f"layer {name}" for name in layers)]
    calls = [f"layer {name} {verb}" for name in layers for verb in ("observe", "prepare", "point", "changed")]
    calls += [f"workloads {verb}" for verb in ("observe", "ensure", "retire", "forget", "changed")]
    calls += ["records load", "records save", "records changed", "hooks start", "hooks poll", "hooks cancel"]
    strategy = rollout.strategy
    analyses = (strategy.pre_promotion_analysis, strategy.post_promotion_analysis)
    providers = {metric.provider for one in analyses if one for metric in one.metrics}
    calls += [f"metrics {name} measure" for name in sorted(providers or {"any"})]
    builds = [one.name for one in (world.stable, *(release.build for release in world.releases))]
    return {
        "layer": [*layers, "first", "last"],
        "part": parts,
        "call": calls,
        "build": [*builds, *(name for name in ("stable", "next", "later") if world.build(name) and name not in builds)],
    }


def _misfits(one: Happening, known: Mapping[str, list[str]]) -> Iterator[str]:
    """A sentence for each thing that is not there, and for each time that no clock can wait for."""
    values: dict[str, Any] = {field.name: getattr(one, field.name) for field in attrs.fields(type(one))}
    for name in ("at_s", "for_s", "back_after_s", "clock_s", "converge_after_s"):
        if not math.isfinite(values.get(name, 0.0)) and (name != "for_s" or "what" in values or "before" in values):
            yield f"{name} has to be a number of seconds"
    for name, kind in (("layer", "layer"), ("what", "part"), ("build", "build")):
        if name in values and not (name == "what" and "who" not in values) and values[name] not in known[kind]:
            yield _unknown(kind, values[name], known[kind])
    for name in ("before", "after", "call"):
        if values.get(name) and not any(values[name] in call for call in known["call"]):
            yield _unknown("call", values[name], known["call"])
    if values.get("on") and values["on"] not in EVENTS:
        yield _unknown("event", values["on"], EVENTS)
    if "at" in values and values["at"] not in (*_SHOWN, *known["build"]):
        yield _unknown("build", values["at"], [*_SHOWN, *known["build"]])
    if "what" in values and "who" not in values:
        yield from _asked(values["what"], known["build"])


def _asked(what: str, builds: list[str]) -> Iterator[str]:
    verb, _, about = what.partition(" ")
    if verb not in VERBS:
        yield _unknown("wish", verb, VERBS)
    elif verb == "scale" and not about.isdecimal():
        yield f"scale to how many? {about!r} is no number"
    elif verb == "apply" and about not in builds:
        yield _unknown("build", about, builds)


def _unknown(kind: str, name: str, known: Any) -> str:
    near = get_close_matches(name, known, 1, 0.5)
    return f"there is no {kind} {name!r}; " + (
        f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
    )
