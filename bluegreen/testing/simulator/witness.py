"""Results that a metric's conditions take for good and for bad, found by trying: a simulator has to answer."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeAlias

from attrs import evolve, frozen

from bluegreen.analysis.judging import judge
from bluegreen.conditions import ConditionError
from bluegreen.conditions.nodes import Node, walk
from bluegreen.conditions.parsing import parsed
from bluegreen.runs import AnalysisPhase, Came
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON, Direction, Metric, RevisionId
from bluegreen.testing.simulator.series import BAD, GOOD

Path: TypeAlias = tuple[str | int, ...]

TRIES_MAX: Final = 4000
"""So many results are tried at most."""
_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_KEY: Final = Key(RevisionId(""), 0, "")
_ORDINARY: Final = (1.0, 0.0, 100.0, 1e6, -1.0, True, False, "")


@frozen
class Witness:
    """What a provider would answer. `good` makes a measurement Successful, `bad` Failed; None: nothing was found that
    does. Of a metric that measures both colours each is `{preview: ..., active: ...}`."""

    good: JSON = None
    bad: JSON = None

    def at(self, badness: float) -> JSON:
        """The result for something so bad, from 0 to 1: between the two where both have the same shape."""
        if self.bad is None or badness <= GOOD:
            return self.good
        if self.good is None or badness >= BAD:
            return self.bad
        return _between(self.good, self.bad, badness)


def witness(metric: Metric) -> Witness:
    """Results for this metric. The same metric always has the same."""
    direction = metric.comparison.direction if metric.comparison else None
    return _found(metric.success_condition, metric.failure_condition, metric.both, direction)


@lru_cache(maxsize=1024)
def _found(success: str, failure: str, both: bool, direction: Direction | None) -> Witness:
    metric = Metric("tried", "none", {}, success, failure)
    found: dict[AnalysisPhase, JSON] = {}
    if not (success or failure):
        return _without_conditions(both, direction)
    for result in itertools.islice(_results((success, failure), both), TRIES_MAX):
        judged = judge(metric, Outcome(_KEY, _AT, _AT, result))
        if judged.came is Came.VALUE:
            found.setdefault(judged.phase, result)
        if {AnalysisPhase.SUCCESSFUL, AnalysisPhase.FAILED} <= found.keys():
            break
    return Witness(found.get(AnalysisPhase.SUCCESSFUL), found.get(AnalysisPhase.FAILED))


def _without_conditions(both: bool, direction: Direction | None) -> Witness:
    """Whatever has a value succeeds; of two colours that are compared, the one that is far worse fails."""
    if not both:
        return Witness(1.0)
    worse = 0.0 if direction is Direction.LOWER else 100.0
    same: JSON = {"preview": 10.0, "active": 10.0}
    return Witness(same, {**same, "preview": worse} if direction else None)


def _results(sources: tuple[str, ...], both: bool) -> Iterator[JSON]:
    """Results of the shape that the conditions look for, with the numbers near those that they name."""
    nodes = [node for source in sources if source for node in _nodes(source)]
    found = {path for node in nodes if (path := _path(node)) is not None}
    paths: list[Path] = sorted(found, key=str)
    leaves: list[Path] = [one for one in paths if not any(_is_below(other, one) for other in paths)] or [()]
    shapes: list[list[Path]] = [leaves, [(0,)]] if leaves == [()] and not both else [leaves]
    values = _values(nodes, few=len(leaves) > 2)
    for shape in shapes:
        for chosen in itertools.product(values, repeat=min(len(shape), 4)):
            result: JSON = None
            for place, path in enumerate(shape):
                result = _with(result, path, chosen[place] if place < len(chosen) else values[0])
            yield {"preview": None, "active": None, **result} if both and isinstance(result, dict) else result


def _is_below(path: Path, other: Path) -> bool:
    return path != other and path[: len(other)] == other


def _nodes(source: str) -> list[Node]:
    try:
        return list(walk(parsed(source, ("result", "labels"))))
    except ConditionError:
        return []


def _path(node: Node) -> Path | None:
    """The place in the result that a part of a condition reads; a loop reads each of a list, so its first."""
    if node.op == "name":
        return () if node.value == "result" else None
    if node.op == "loop":
        over = _path(node.args[0])
        return (*over, 0) if over is not None else None
    if node.op == "call" and node.value == "default":  # of what may be missing
        return _path(node.args[0])
    looked_up = node.op == "index" or (node.op == "call" and node.value == "lookup")
    if not looked_up and node.op not in ("field", "has"):
        return None
    before = _path(node.args[0])
    if before is None:
        return None
    key = node.value if not looked_up else node.args[1].value if node.args[1].op == "literal" else 0
    return (*before, key if isinstance(key, str | int) else 0)


def _values(nodes: list[Node], *, few: bool) -> list[JSON]:
    """What to try: first what conditions name and what lies about it, then what is common."""
    named: list[JSON] = []
    places = [one.args[1] for one in nodes if one.op == "index" or one.value == "lookup"]
    for node in nodes:
        if node.op != "literal" or node.value is None or any(node is one for one in places):
            continue
        if isinstance(node.value, bool | str):
            named.append(node.value)
        elif isinstance(node.value, int | float):
            share = 0 < node.value < 1  # of requests, most likely: then so is what lies about it
            near = min(node.value, 1 - node.value) / 2 if share else max(abs(node.value) * 0.1, 0.01)
            named += [node.value + near, node.value - near, float(node.value)]
    ordinary = _ORDINARY[:4] if few else _ORDINARY
    both = [*named, *ordinary]
    return [one for index, one in enumerate(both) if (type(one), one) not in [(type(o), o) for o in both[:index]]]


def _with(result: JSON, path: Path, value: JSON) -> JSON:
    """The result with this value at this place."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        items = list(result) if isinstance(result, list) else []
        items += [None] * (first + 1 - len(items))
        items[first] = _with(items[first], rest, value)
        return [one if one is not None else value for one in items]
    fields = dict(result) if isinstance(result, Mapping) else {}
    return {**fields, first: _with(fields.get(first), rest, value)}


def _between(good: JSON, bad: JSON, share: float) -> JSON:
    if isinstance(good, dict) and isinstance(bad, dict) and good.keys() == bad.keys():
        return {key: _between(good[key], bad[key], share) for key in good}
    if isinstance(good, list) and isinstance(bad, list) and len(good) == len(bad):
        return [_between(one, other, share) for one, other in zip(good, bad, strict=True)]
    low, high = _number(good), _number(bad)
    if low is not None and high is not None:
        return low + (high - low) * share
    return good if share < 0.5 else bad


def with_numbers(value: JSON, number: float) -> JSON:
    """The value with every number in it replaced: by NaN, say."""
    if isinstance(value, dict):
        return {key: with_numbers(one, number) for key, one in value.items()}
    if isinstance(value, list):
        return [with_numbers(one, number) for one in value]
    found = _number(value)
    return number if found is not None and math.isfinite(found) else value


def _number(value: JSON) -> float | None:
    """The value as a number, when it is one."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def answered(metric: Metric) -> Metric:
    """The metric, asked of the simulator: its query names it, and of two colours the one that is measured."""
    colour = {"revision": "{{revision}}"} if metric.both else {}
    return evolve(metric, query={"metric": metric.name, **colour})
