"""One metric, its arguments filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import evolve, frozen

from bluegreen.conditions import ConditionError, compiled
from bluegreen.manifests.analysis.extras import Extras, extra_of
from bluegreen.manifests.analysis.filling import Text
from bluegreen.manifests.analysis.provider import Asked, below, provider
from bluegreen.manifests.fields import At, Reader, Unreadable, fields, integer, text
from bluegreen.manifests.report import Path
from bluegreen.manifests.units import UnitError, duration_s
from bluegreen.spec import Metric
from bluegreen.spec.check_analysis import metric_problems

NAME_MAX = 128
"""So many characters has a metric's name."""
_MARGIN_S = 5.0
"""A provider that says how long it takes at most is given so much more."""
_CONDITIONS = ("successCondition", "failureCondition")


@frozen(eq=False)
class Read:
    """A metric, and where it stands: `at` filled in, `template` the name of what it is in, `keys` the policy's.

    `query`: where what its provider is asked stands. `fine`: nothing is wrong with it.
    """

    at: At
    query: At
    template: str
    metric: Metric
    keys: tuple[str, ...]
    fine: bool


def metric(at: At, template: str, texts: Mapping[Path, Text], extras: Extras) -> Read:
    """The metric that stands here, its arguments filled in (`texts`: where). Raises `Unreadable` if it is none."""
    found = fields(at, METRIC)
    for key, what in (("name", "a metric needs a name"), ("provider", "what is asked for its values?")):
        if at.child(key).value is None:
            at.child(key).complain(f"missing: {what}")
    for key in _CONDITIONS:
        if key in found:
            _condition(at.child(key), texts)
    if "name" not in found or "provider" not in found:
        raise Unreadable
    asked: Asked = found.pop("provider")
    said, places, keys = extra_of(extras, template, found["name"])
    values = {_NAMES[key]: value for key, value in found.items()}
    read = Metric(provider=asked.name, query=asked.query, **values, **said)
    if "timeout_seconds" not in said:
        read = evolve(read, timeout_seconds=max(read.timeout_seconds, asked.takes_s + _MARGIN_S))
    if asked.success_condition and not (read.success_condition or read.failure_condition or read.comparison):
        read = evolve(read, success_condition=asked.success_condition)
        _own_condition(asked)
    fine = at.sound and all(one.sound for one in places.values()) and _fits(at, read, places)
    return Read(at, asked.at, template, read, tuple(keys), fine)


def _fits(at: At, metric: Metric, places: Mapping[str, At]) -> bool:
    """Whether all of it fits together; what does not is said where a person would change it: here, or in the policy."""
    problems = metric_problems(metric)
    for problem in problems:
        key, rest = str(problem.path[0]), problem.path[1:]
        here = below(places[key], rest) if key in places else at.child(key)
        here.complain(problem.message, problem.remedy)
    return not problems


def _condition(at: At, texts: Mapping[Path, Text]) -> None:
    """A condition is compiled now, so that it does not fail when a release depends on it."""
    source = _condition_text(at)
    if not source:
        return
    try:
        compiled(source)
    except ConditionError as error:
        index = _index(source, error.line, error.column)
        filled = texts.get(at.path)
        words = " ".join(source.split())
        shown = f" (with its arguments: {words if len(words) <= 100 else words[:99] + '…'})" if filled else ""
        at.complain(f"{error.message}{shown}", error.remedy, index=filled.origin(index) if filled else index)


def _index(source: str, line: int, column: int) -> int:
    """The character at a line and a column, both from 1."""
    return sum(len(one) for one in source.splitlines(keepends=True)[: line - 1]) + max(column, 1) - 1


def _own_condition(asked: Asked) -> None:
    try:
        compiled(asked.success_condition)
    except ConditionError as error:
        asked.at.complain(f"its own condition cannot be used: {error.message}", "write a successCondition", key=True)


def _name(at: At) -> str:
    name = text(at)
    if len(name) > NAME_MAX:
        at.complain(f"a name of {len(name)} characters", f"the most is {NAME_MAX}")
        raise Unreadable
    return name


def _condition_text(at: At) -> str:
    return "" if at.value == "" else text(at).rstrip()


def _whole(at: At) -> int:
    """A whole number, or a text that is one."""
    if isinstance(at.value, str) and re.fullmatch("-?[0-9]{1,9}", at.value):
        return int(at.value)
    return integer(at)


def _count(at: At) -> int | None:
    return _whole(at) or None  # in Argo, 0 is as good as absent


def _duration_s(at: At) -> float:
    if not isinstance(at.value, str):
        at.wrong("a time", f"write {at.value}s" if type(at.value) is int else "write it like 30s, 5m or 1h30m")
    try:
        return duration_s(at.value)
    except UnitError as error:
        at.complain(str(error), error.remedy)
        raise Unreadable from error


METRIC: Mapping[str, Reader] = {
    "name": _name,
    "interval": _duration_s,
    "initialDelay": _duration_s,
    "count": _count,
    "failureLimit": _whole,
    "inconclusiveLimit": _whole,
    "consecutiveErrorLimit": _whole,
    "consecutiveSuccessLimit": _whole,
    "successCondition": _condition_text,
    "failureCondition": _condition_text,
    "provider": provider,
}
_NAMES: Mapping[str, str] = {
    **{key: re.sub("[A-Z]", lambda one: f"_{one[0].lower()}", key) for key in METRIC},
    "interval": "interval_seconds",
    "initialDelay": "initial_delay_seconds",
}
"""The fields of a manifest by the names that `Metric` gives them."""
