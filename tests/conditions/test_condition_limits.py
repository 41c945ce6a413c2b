"""Conditions that mean harm, or come to it: they fail fast, and alone."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from bluegreen.conditions import ConditionError, Fault, compiled
from bluegreen.conditions.nodes import DEPTH_MAX, LENGTH_MAX, NODES_MAX

SECONDS_MAX = 10.0
TOO_MUCH = "it takes too much work"


def nested(levels: int) -> str:
    """Each level holds the next in parentheses that count."""
    return "(1 + " * levels + "1" + ")" * levels + " > 0"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("(" * 10_000 + "true" + ")" * 10_000, f"the most is {LENGTH_MAX}"),
        ("(" * 200 + "true" + ")" * 200, f"more than {DEPTH_MAX} levels"),
        (nested(DEPTH_MAX), f"more than {DEPTH_MAX} levels"),
        ("!" * 4000 + "true", f"more than {DEPTH_MAX} levels"),
        ("-" * 4000 + "1 > 0", f"more than {DEPTH_MAX} levels"),
        ("result" + ".b" * 2000 + " > 1", f"more than {DEPTH_MAX} levels"),
        ("result" + "[0]" * 1000 + " > 1", f"more than {DEPTH_MAX} levels"),
        ("result == " + "[" * 2000 + "]" * 2000, f"more than {DEPTH_MAX} levels"),
        ("true" + " && true" * 300, f"more than {DEPTH_MAX} levels"),
        ("true ? " * 200 + "true" + " : true" * 200, f"more than {DEPTH_MAX} levels"),
        ("result in [" + "1," * 1000 + "1]", f"more than {NODES_MAX} parts"),
        ("result == '" + "a" * 5000 + "'", f"the most is {LENGTH_MAX}"),
        ("result > " + "9" * 4000, "is too large a number"),
        ("result > 1e" + "9" * 4000, "is too large a number"),
        ("result > 0." + "9" * 5000, f"the most is {LENGTH_MAX}"),
        ("duration('abcdefghijklmnopqrstuvwxyz!') > duration('1s')", "this is no duration"),
        ("duration('" + "1" * 4000 + "') > duration('1s')", "this is no duration"),
        ("result.matches('" + "(" * 900 + "a" + "){99}" * 200 + "')", "the pattern cannot be used"),
        ("result.matches('((a{100}){100}){100}')", "the pattern cannot be used"),
        ("result.matches('" + "a" * 1001 + "')", "the pattern cannot be used: it has 1001 characters"),
    ],
)
def test_what_is_too_large_is_refused_at_once(source: str, message: str) -> None:
    began = time.perf_counter()
    with pytest.raises(ConditionError) as raised:
        compiled(source)
    assert message in raised.value.message
    assert time.perf_counter() - began < SECONDS_MAX
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize(
    ("source", "result", "message"),
    [
        ("result.all(a, result.all(b, result.all(c, a + b + c >= 0)))", list(range(30)), TOO_MUCH),
        ("result.all(a, result.all(b, result.all(c, a + b + c >= 0)))", list(range(300)), TOO_MUCH),
        ("result.all(a, result.all(b, a in result))", list(range(1000)), TOO_MUCH),
        ("result.map(x, result.map(y, result)) == []", [1] * 300, TOO_MUCH),
        ("result.map(x, result + result) == []", [1] * 3000, TOO_MUCH),
        ("result == result", [[1] * 600] * 100, TOO_MUCH),
        ("result.all(x, x == result[0])", ["a" * 200_000] * 40, TOO_MUCH),
        ("result.all(x, x.matches('(a*)*b') || true)", ["a" * 200_000] * 40, TOO_MUCH),
        ("result.all(x, x.contains('b') || true)", ["a" * 200_000] * 40, TOO_MUCH),
        ("result.all(x, sum(result) > x)", [1] * 3000, TOO_MUCH),
        ("result.map(x, x + x) == []", ["a" * 60_000] * 40, TOO_MUCH),
        (" + ".join(["result"] * 30) + " == 'x'", "a" * 200_000, "the most is 262144"),
        ("duration(result) > duration('1s')", "abcdefghijklmnopqrstuvwxyz!", "is no duration"),
        ("duration(result) > duration('1s')", "1" * 100_000 + "!", "is no duration"),
        ("asFloat(result) > 1", "1" * 200_000, "is no number"),
        ("asInt(result) > 1", "1" * 200_000, "is no whole number"),
    ],
)
def test_what_takes_too_much_work_is_a_fault_soon(source: str, result: Any, message: str) -> None:
    found = compiled(source).evaluate({"result": result, "labels": {}})
    assert isinstance(found, Fault)
    assert message in found.message
    assert len(found.message) < 300


def test_what_people_measure_is_well_within_the_limits() -> None:
    assert compiled("result.all(x, x >= 0.99 && x <= 1)").evaluate({"result": [1.0] * 2000, "labels": {}}) is True
    assert compiled("result.matches('(a|b)+$')").evaluate({"result": "ab" * 100_000, "labels": {}}) is True


@pytest.mark.parametrize(
    "source",
    [
        nested(DEPTH_MAX - 2),
        "(" * (DEPTH_MAX - 1) + "true" + ")" * (DEPTH_MAX - 1),
        "true" + " && true" * (DEPTH_MAX - 1),
        "result" + "[0]" * (DEPTH_MAX - 2) + " == 1",
        "!" * (DEPTH_MAX - 2) + "true",
    ],
)
def test_the_deepest_that_is_allowed_can_be_evaluated(source: str) -> None:
    value: Any = 1
    for _ in range(DEPTH_MAX - 2):
        value = [value]
    assert compiled(source).evaluate({"result": value, "labels": {}}) is True


def test_a_stack_that_is_nearly_used_up_is_a_fault_and_no_crash() -> None:
    program = compiled(nested(DEPTH_MAX - 2))
    variables: dict[str, Any] = {"result": 1, "labels": {}}
    assert program.evaluate(variables) is True
    faults: list[bool | Fault] = []

    def down(left: int) -> None:
        if left:
            down(left - 1)
        else:
            faults.append(program.evaluate(variables))

    depth = len(_frames())
    down(sys.getrecursionlimit() - depth - 60)
    assert faults == [Fault("it is nested too deep for what is left of Python's stack")]


def _frames() -> list[Any]:
    frame, found = sys._getframe(), []
    while frame.f_back is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def test_a_value_too_deep_for_the_stack_is_a_fault() -> None:
    value: Any = 1
    for _ in range(5000):
        value = [value]
    program = compiled("size(result) == 1")
    assert isinstance(program.evaluate({"result": value, "labels": {}}), Fault)
    assert "too deep" in program.explain({"result": value, "labels": {}})
