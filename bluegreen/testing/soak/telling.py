"""Telling what was found: as Python that a test can keep, and as the story of what happened."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import attrs

from bluegreen.testing.soak.scenario import Found, Scenario
from bluegreen.testing.trace import Trace


def python(value: object) -> str:
    """The value as an expression that makes it; fields that have their default value are left out."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, float) and value == float("inf"):
        return "NEVER"
    if attrs.has(type(value)):
        return f"{type(value).__name__}({', '.join(_fields(value))})"
    if isinstance(value, tuple):
        return f"({', '.join(map(python, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {python(one)}" for key, one in value.items()) + "}"
    return repr(value)


def _fields(value: Any) -> list[str]:
    told: list[str] = []
    for field in attrs.fields(type(value)):
        now, default = getattr(value, field.name), field.default
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # a class as far as anybody can tell
            default = default.factory()
        if now != default:
            told.append(f"{field.alias}={python(now)}")
    return told


def lines(scenario: Scenario) -> list[str]:
    """A scenario in lines that can be read: the rollout, the world, and each thing that happens."""
    happens = [f"  {python(one)}," for one in scenario.faults.happenings]
    patience = f"unhurried={scenario.unhurried}, polls_s={scenario.polls_s}"
    return [
        f"rollout = {python(scenario.rollout)}",
        f"world = {python(scenario.world)}",
        "faults = Faults((",
        *happens,
        "))",
        f"scenario = Scenario(rollout, world, faults, {patience})",
    ]


def story(trace: Trace | None, found: Found) -> list[str]:
    """What led to it, moment by moment."""
    if trace is None or "moment " not in found.sentence:
        return []
    return trace.around(int(found.sentence.split("moment ")[1].split(":")[0])).splitlines()
