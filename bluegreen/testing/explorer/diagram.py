"""The phase diagram, drawn from what a few small searches saw."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from bluegreen.spec import BlueGreen, Rollout, RolloutPolicy, RouterSpec
from bluegreen.testing.explorer.scope import Scope
from bluegreen.testing.explorer.search import Search
from bluegreen.testing.explorer.ways import Way

PHASES: Final = ("Progressing", "Paused", "Promoting", "Healthy", "Degraded")
BEGIN, END = "<!-- the phase diagram, generated: begin -->", "<!-- the phase diagram, generated: end -->"
_NOTHING: Final[Mapping[str, Any]] = {
    "crashes": 0,
    "refusals": 0,
    "given_up": 0,
    "blind": 0,
    "outsiders": 0,
    "pod_failures": 0,
}

SCENES: Final[Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]] = {
    "nothing there yet": ({}, {"templates": (), "commands": ("abort",)}),
    "aborted and retried": ({}, {"commands": ("abort", "retry")}),
    "aborted and promoted fully": ({}, {"commands": ("abort", "promote-full")}),
    "pods fail": ({}, {"commands": ("abort",), "pod_failures": 1}),
    "undone": ({}, {"commands": ("undo",)}),
    "a person has to promote": (
        {"auto_promotion_enabled": False},
        {"commands": ("promote", "abort"), "pod_failures": 1},
    ),
    "a newer template": (
        {"auto_promotion_enabled": False},
        {"commands": ("promote", "apply"), "templates": ("v2", "v3")},
    ),
    "a newer template, with no gate": ({}, {"commands": ("apply",), "templates": ("v2", "v3")}),
    "something cannot be looked at": ({}, {"blind": 1}),
}
"""What each search is about: fields of the strategy (and the layers), and the bounds. One engine is enough."""


def listed() -> dict[Way, str]:
    """The ways that the rules list, and in words when each is gone."""
    text = importlib.import_module("bluegreen.decide").__doc__ or ""
    phase = "|".join(PHASES)
    return {(one, other): words for one, other, words in re.findall(rf"^    ({phase}) -> ({phase}) +(.+)$", text, re.M)}


def seen(scenes: Iterable[str] = SCENES) -> set[Way]:
    """The ways that the searches of these scenes went. Raises `AssertionError` when one of them finds harm."""
    ways: set[Way] = set()
    for scene in scenes:
        fields, bounds = SCENES[scene]
        all_bounds: dict[str, Any] = {**_NOTHING, "engines": 1, **bounds}
        found = Search(Scope(_rollout(**fields), **all_bounds)).run()
        assert found.violation is None, found.violation.script()
        ways |= found.ways
    return ways


def mermaid(ways: Iterable[Way]) -> str:
    """The ways as a diagram in Mermaid's words."""
    words = {way: text.replace(": ", ", ") for way, text in listed().items()}  # a colon begins the words
    order = sorted(ways, key=lambda way: (PHASES.index(way[0]), PHASES.index(way[1])))
    lines = [f"    {one} --> {other}: {words.get((one, other), 'not listed')}" for one, other in order]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> Progressing", *lines, "```"])


def redrawn(page: str, ways: Iterable[Way] | None = None) -> str:
    """The page with a new diagram between its two markers; drawn from what the searches see unless ways are given."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no place for the diagram: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{mermaid(seen() if ways is None else ways)}\n{END}{after}"


def _rollout(layers: tuple[str, ...] = ("edge",), **fields: Any) -> Rollout:
    strategy = BlueGreen(active_service="shop", **fields)
    routers = tuple(RouterSpec(name=name) for name in layers)
    policy = RolloutPolicy(routers=routers, layer_deadline_seconds=60, settle_seconds=0, drain_min_seconds=0)
    return Rollout("shop", strategy, progress_deadline_seconds=60, policy=policy)
