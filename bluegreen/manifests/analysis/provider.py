"""Who is asked for a metric's values, and whether it understands the question."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import frozen

from bluegreen.manifests.fields import At, Unreadable, did_you_mean, mapping
from bluegreen.manifests.report import shortened
from bluegreen.plugins import METRICS, NoSuchPlugin, find, installed
from bluegreen.spec import JSON

FUNCTION = "function"
"""Given by those who import the library; nothing is installed for it."""
_PREFIX = "bluegreen/"
_LATER = ("datadog", "job", "kayenta", "newRelic", "skywalking", "wavefront")


@frozen(eq=False)
class Asked:
    """A provider's name, what it is asked, and where that stands.

    `success_condition` is the provider's own, or empty; `takes_s` is how long one measurement takes at most, in
    seconds, where the provider can tell.
    """

    at: At
    name: str
    success_condition: str = ""
    takes_s: float = 0.0

    @property
    def query(self) -> dict[str, JSON]:
        """What it is asked."""
        query: dict[str, JSON] = self.at.value
        return query


def provider(at: At) -> Asked:
    """The provider of a metric. Raises `Unreadable` when there is no such one, or it cannot be asked this."""
    here = _only(at, "a metric has one provider", "write prometheus: {...}, for instance")
    name = str(here.path[-1])
    if name == "plugin":
        here = _only(here, "a plugin has one name", f"write {_PREFIX}load: {{...}}, for instance")
        name = str(here.path[-1]).removeprefix(_PREFIX)
    there = sorted(installed(METRICS))
    if name not in (*there, FUNCTION):
        otherwise = f"there are: {', '.join(there)}"
        message = "this provider is not here yet" if name in _LATER else "no such provider is installed"
        here.complain(message, otherwise if name in _LATER else did_you_mean(name, dict.fromkeys(there), otherwise))
        raise Unreadable
    mapping(here)
    if name == FUNCTION:
        return Asked(here, name)
    try:
        plugin = find(METRICS, name)
    except NoSuchPlugin as error:
        here.complain(str(error), "install what it needs", key=True)
        raise Unreadable from error
    return Asked(here, name, str(getattr(plugin, "SUCCESS_CONDITION", "")), _checked(here, plugin))


def _only(at: At, message: str, remedy: str) -> At:
    """The only field of a mapping."""
    keys = list(mapping(at))
    if len(keys) != 1:
        named = f"this names {shortened(', '.join(keys[:10]), 100)}" if keys else "this names none"
        at.complain(f"{message}, and {named}", remedy, key=True)
        raise Unreadable
    return at.child(keys[0])


def _checked(at: At, plugin: Any) -> float:
    """Asks the provider itself what is wrong with a query, and if nothing is, how long that takes, in seconds."""
    check, takes_s = getattr(plugin, "check", None), getattr(plugin, "takes_s", None)
    try:
        for problem in check(at.value) if check else ():
            below(at, problem.path).complain(problem.message, problem.remedy)
        return float(takes_s(at.value)) if takes_s and at.sound else 0.0
    except Exception as error:
        at.complain(f"the provider could not check this: {error}", "tell those who made it", key=True)
        return 0.0


def below(at: At, path: Iterable[str | int]) -> At:
    """What stands at a path that somebody else names."""
    for part in path:
        at = at.child(part)
    return at
