"""Whatever a condition says, and whatever it is asked about: an answer, or our own words."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluegreen.conditions import ConditionError, Fault, compiled
from bluegreen.values import encoded
from tests.fuzz.bounds import bounded
from tests.fuzz.shapes import ANY_JSON, HUGE, deep

pytestmark = pytest.mark.property

REAL = (
    "result[0] >= 0.95",
    "len(result) == 0 || result[0] < 0.05",
    "default(result, 0) < 5 && !isNaN(result[0])",
    "result.exitCode == 0 && result.output.contains('ok')",
    "result.all(x, x > 0.5) || result.exists(x, isInf(x))",
    "result.map(x, x * 2.0).filter(x, x > 1.0).size() > 0",
    "asInt(result.count) % 2 == 0 && asFloat(result.rate) / 3.0 > 0.1",
    "has(result.data) ? result.data.ok : false",
    "labels.path == '/' && result[0] in [1, 2.0, '3']",
    "-result[0] + 2 * (3 - 1) >= 0 || isNil(result)",
)
NAMES = ["result", "labels", "true", "false", "null", "in", "all", "exists", "map", "filter"]
CALLS = ["len", "isNaN", "isInf", "asInt", "asFloat", "isNil", "default", "has", "size"]
SIGNS = [*"()[]{}.,?:!&|<>=+-*/%'\"\\#` \n\t\0", "&&", "||", "==", "\u202e", "\ud800", "'" * 3, "r'", "1e999", "1u"]
WORDS = [*NAMES, *CALLS, *SIGNS, "9" * 400]
HUGES = [[], [math.nan], [math.inf], [HUGE], [-HUGE], [2**63], [-(2**63)], {"exitCode": HUGE}, "x" * 10_000]
MEASURED = ANY_JSON | st.sampled_from([*HUGES, json.loads(deep(40)), [0.5] * 500])


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A real condition with some of it cut out, doubled or written over."""
    source = draw(st.sampled_from(REAL))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(source)))
        end = min(len(source), start + draw(st.integers(0, 8)))
        new = draw(st.sampled_from([*WORDS, source[start:end] * 2, f"({source})"]))
        source = source[:start] + new + source[end:]
    return source


def check(source: str, result: Any) -> bool | None:
    """What the condition says of the result; None when it cannot be used, or has no answer."""
    with bounded():
        try:
            program = compiled.__wrapped__(source)
        except ConditionError as error:
            assert_placed(error, source)
            return None
        try:
            result = encoded(result)
        except ValueError:
            result = None
        else:
            result = json.loads(json.dumps(result))
        variables = {"result": result, "labels": {"path": "/"}}
        found = program.evaluate(variables)
        words = program.explain(variables)
    assert 0 < len(words) < 1000
    return None if isinstance(found, Fault) else found


def assert_placed(error: ConditionError, source: str) -> None:
    """Fails unless the error says something of a place in the condition."""
    assert error.message
    assert 1 <= error.line <= len(source.splitlines() or [""]) + 1
    assert error.column >= 1


@pytest.mark.property
@given(mutated(), MEASURED)
def test_any_condition_of_any_result_is_answered(source: str, result: Any) -> None:
    assert check(source, result) in (True, False, None)


@pytest.mark.property
@given(st.text(max_size=200) | st.lists(st.sampled_from(WORDS), max_size=30).map("".join), MEASURED)
def test_any_text_of_any_result_is_answered(source: str, result: Any) -> None:
    assert check(source, result) in (True, False, None)


RAW = [math.nan, math.inf, HUGE, [HUGE], {"a": [math.nan]}, json.loads(deep(400)), "\ud800", ["x" * 10**4], [0] * 100]


@pytest.mark.parametrize("source", REAL)
def test_a_result_as_no_provider_gives_it_is_answered_too(source: str) -> None:
    program = compiled(source)
    for result in RAW:
        with bounded():
            assert isinstance(program.evaluate({"result": result, "labels": result}), bool | Fault)
            assert program.explain({"result": result, "labels": None})


def test_the_checks_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [check(source, [0.97]) for source in REAL[:2]] == [True, False]
    monkeypatch.setattr("bluegreen.conditions.engine.parsed", lambda source, _names: int(source))
    with pytest.raises(ValueError, match="invalid literal"):
        check("result[", [1])
