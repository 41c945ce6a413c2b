"""What conditions mean: CEL, with numbers that behave as people expect."""

from __future__ import annotations

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bluegreen.conditions import CelEngine, Fault, compiled

NAN, INF = math.nan, math.inf


def judged(source: str, result: Any, labels: Any = None) -> bool | str:
    """The answer, or the words of the fault."""
    found = compiled(source).evaluate({"result": result, "labels": labels or {}})
    return found.message if isinstance(found, Fault) else found


HOLDS: list[tuple[str, Any]] = [
    # the article's three, and what people have in Argo
    ("result[0] >= 0.99", [0.995]),
    ("len(result) == 0 || result[0] >= 0.95", []),
    ("isNaN(result[0]) || result[0] < 0.05", [NAN]),
    # whole numbers and doubles compare, and divide as numbers do
    ("result >= 0.99", 1),
    ("result == 1", 1.0),
    ("result in [1, 2]", 2.0),
    ("1.0 in result", [1]),
    ("result == [1, 2.0]", [1.0, 2]),
    ("result.good / result.all > 0.95", {"good": 99, "all": 100}),
    ("result / 2 == -3.5", -7),
    ("result + 0.5 == 1.5", 1),
    ("result * 2 - 1 == 5 && -result == -3", 3),
    ("result % 3 == -1", -7),
    ("result[0] > 9007199254740992.0", [2**53 + 1]),
    ("result > 1e19", 2**70),
    # other kinds are different, and that is all
    ("result != 'a'", 1),
    ("result != true", 1),
    ("result != null", 0),
    ("result == null", None),
    ("result == true", True),
    ("result.a == result.b", {"a": {"x": [1]}, "b": {"x": [1.0]}}),
    ("result.a != result.b", {"a": {"x": 1}, "b": {"y": 1}}),
    ("result.a != result.b", {"a": [1], "b": [1, 2]}),
    ("result == labels", {}),
    # NaN and infinity
    ("isNaN(result)", NAN),
    ("!isNaN(result)", 1),
    ("isInf(result)", -INF),
    ("!isInf(result)", NAN),
    ("result != result", NAN),
    ("!(result == result)", [NAN]),
    ("result > 1e308", INF),
    ("isNaN(result - result)", INF),
    ("isNaN(max(result))", [1, NAN, 2]),
    ("isNaN(asFloat(result))", "NaN"),
    ("isInf(double(result)) || isNaN(result)", "-Infinity"),
    # text
    ("size(result) == 4", "größ"),
    ("result + 'b' == 'ab'", "a"),
    ("result.startsWith('gr') && result.endsWith('ß') && result.contains('ö')", "größ"),
    ("result.matches('^v[0-9]+$')", "v12"),
    ("result < 'b' && result <= 'a' && result > '' && result >= 'a'", "a"),
    # lists, maps, and what loops over them
    ("result.all(x, x > 0)", [1, 2.5]),
    ("result.all(x, x > 0)", []),
    ("result.exists(x, x > 2)", [1, 2.5, "never looked at"]),
    ("result.exists_one(x, x > 2)", [1, 2.5]),
    ("result.filter(x, x > 1).map(x, x * 2) == [4, 6]", [1, 2, 3]),
    ("result.all(x, result.exists(y, y == x))", [1, 2]),
    ("labels.all(k, labels[k] == 'eu')", None),
    ("has(result.a) && !has(result.b) && 'a' in result && !('b' in result)", {"a": None}),
    ("result['a b'] == 1 && size(result) == 1", {"a b": 1}),
    ("result + [3] == [1, 2, 3]", [1, 2]),
    ("result.in.true == 1", {"in": {"true": 1}}),
    ("result[0].x[1] == 2", [{"x": [1, 2]}]),
    ("result.size() == 2 && dyn(result)[0] == 1", [1, 2]),
    # functions
    ("asInt(result) == 12 && int(result) == 12", "12"),
    ("asInt(result) == -1", -1.9),
    ("asFloat(result) == 1.5 && double(result) == 1.5", "1.5"),
    ("asFloat(result) == 0.015", "+1.5e-2"),
    ("asFloat(result) == 2.0", 2),
    ("isNil(result) && default(result, 3) == 3", None),
    ("!isNil(result) && default(result, 3) == 0", 0),
    ("sum(result) == 6 && mean(result) == 2 && median(result) == 2 && min(result) == 1 && max(result) == 3", [1, 2, 3]),
    ("median(result) == 1.5 && mean(result) == 1.5", [2, 1]),
    ("sum(result) == 0", []),
    ("min(result, 5) == 2 && max(result, 5, 7) == 7", [2, 3]),
    ("abs(result) == 3", -3),
    ("duration(result) == duration('5400s') && duration(result) > duration('1h')", "1h30m"),
    ("duration(result) < duration('-1ms') && duration('+1.5us') == duration('1500ns')", "-1s"),
    # an answer needs no more than decides it
    ("!(result[0] > 1 && result[1] > 1)", [0]),
    ("result[0] > 1 || result[1] > 1", [2]),
    ("size(result) > 0 ? result[0] > 0.5 : true", []),
    ("result ? true : 1 / 0 > 1", True),
    # limits of numbers
    ("result == -9223372036854775808", -(2**63)),
    ("result == 0xff", 255),
    ("result == 1_000", 1000),
    ("result == r'a\\b'", "a\\b"),
    ('result == "\\x41\\u00df\\U0001f600\\101\\n\\\\"', "Aß\U0001f600A\n\\"),
    ("/* why */ true // because", 1),
]


@pytest.mark.parametrize(("source", "result"), HOLDS)
def test_it_holds(source: str, result: Any) -> None:
    assert judged(source, result, {"zone": "eu"} if "labels[" in source else None) is True


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("result[0] >= 0.99", [0.5]),
        ("result >= 0", NAN),
        ("result < 0 || result >= 0", NAN),
        ("result == result", NAN),
        ("result in [result]", NAN),
        ("result[0] == result[0]", [[NAN]]),
        ("size(result) == 1 && result[0] > 0.5", []),
        ("result.exists(x, x > 1)", []),
        ("result.exists_one(x, x > 1)", [2, 2]),
        ("result == '1'", 1),
        ("result == 1", True),
        ("result == null", {}),
        ("result == 'null'", None),
    ],
)
def test_it_does_not_hold(source: str, result: Any) -> None:
    assert judged(source, result) is False


@pytest.mark.parametrize(
    ("source", "result", "why"),
    [
        ("result[0] >= 0.99", [], "there is no item 0 in a list of 0"),
        ("result[result[0]] > 0", [-1], "there is no item -1 in a list of 1"),
        ("result[0] > 1", {"a": 1}, '{"a": 1} has no item 0'),
        ("result['a'] > 1", {"b": 1}, 'there is no key "a" in {"b": 1}'),
        ("result.a > 1", {"b": 1}, 'there is no key "a" in {"b": 1}'),
        ("result.a > 1", [1], "[1] has no key a"),
        ("has(result.a)", [1], "[1] has no keys to ask for"),
        ("isNil(result.a)", None, 'null has no key "a"'),
        ("result / 0 > 1", 1, "a division by zero: ask first whether there is anything to divide by"),
        ("result.a / result.b > 0.5", {"a": 0.0, "b": 0.0}, "a division by zero: ask first whether there is anything"),
        ("1 / (result - 1) > 0", 1.0, "a division by zero"),
        ("result % 0 == 1", 1, "a division by zero"),
        ("result % 2 == 1", 1.0, "% wants whole numbers"),
        ("2 % result == 1", 1.0, "% wants whole numbers"),
        ("result + 1 > 0", 2**63 - 1, "a whole number leaves the range of 64 bits"),
        ("-result > 0", -(2**63), "a whole number leaves the range of 64 bits"),
        ("result * 10 > 0", 1e308, "the result of * is too large a number"),
        ("result / 1e-10 > 0", 1e308, "the result of / is too large a number"),
        ("result > 0", 10**400, "a number of 401 digits is too large"),
        ("result > 'a'", 1, '1 > "a" compares what has no order'),
        ("result < 1", True, "true < 1 compares what has no order"),
        ("result >= 1", None, "null >= 1 compares what has no order"),
        ("result > result", [1], "[1] > [1] compares what has no order"),
        ("result + 1 > 0", "a", '+ wants a number, and "a" is none'),
        ("result - 1 > 0", True, "- wants a number, and true is none"),
        ("!result", 1, "! wants true or false, and 1 is neither"),
        ("result || true", "yes", '|| wants true or false, and "yes" is neither'),
        ("result && true", None, "&& wants true or false, and null is neither"),
        ("false || result", 1, "|| wants true or false, and 1 is neither"),
        ("true && result", 1, "&& wants true or false, and 1 is neither"),
        ("result ? true : false", 1, "? wants true or false, and 1 is neither"),
        ("result[0]", [1], "it gives 1, not true or false"),
        ("result.all(x, x)", [1], "all wants true or false, and 1 is neither"),
        ("result.all(x, x > 1)", 5, "all wants a list, and 5 is none"),
        ("1 in result", "1", 'in wants a list or a map, and "1" is none'),
        ("1 in result", {"1": 1}, "the keys of a map are texts, and 1 is none"),
        ("size(result) == 0", None, "null has no size"),
        ("result.contains('a')", ["a"], 'contains wants a text, and ["a"] is none'),
        ("'a'.contains(result)", 1, "contains wants a text, and 1 is none"),
        ("asInt(result) == 1", "1.5", '"1.5" is no whole number that can be compared'),
        ("asInt(result) == 1", "99999999999999999999", "is no whole number"),
        ("asInt(result) == 1", NAN, "NaN is no whole number"),
        ("asInt(result) == 1", 1e300, "a whole number leaves the range of 64 bits"),
        ("asFloat(result) > 1", "1,5", '"1,5" is no number that can be compared'),
        ("asFloat(result) > 1", "1_0", '"1_0" is no number'),
        ("asFloat(result) > 1", " 1", '" 1" is no number'),
        ("asFloat(result) > 1", "٣", '"٣" is no number'),
        ("asFloat(result) > 1", "1e999", '"1e999" is no number'),
        ("asFloat(result) > 1", "1" * 65, "is no number"),
        ("asFloat(result) > 1", True, "double wants a number, and true is none"),
        ("isNaN(result)", "NaN", 'isNaN wants a number, and "NaN" is none'),
        ("mean(result) < 1", [], "mean of nothing"),
        ("max(result) < 1", [], "max of nothing"),
        ("sum(result) < 1", ["1"], 'sum wants a number, and "1" is none'),
        ("sum(result) > 1", [1e308, 1e308], "the result of sum is too large a number"),
        ("duration(result) > duration('1s')", "5", '"5" is no duration'),
        ("duration(result) > duration('1s')", 5, "5 is no duration"),
        ("duration(result) > duration('1s')", "", '"" is no duration'),
    ],
)
def test_what_cannot_be_evaluated_is_a_fault_that_says_why(source: str, result: Any, why: str) -> None:
    found = judged(source, result)
    assert isinstance(found, str)
    assert why in found


@pytest.mark.parametrize("text", ["NaN", "nan", "inf", "-Infinity"])
def test_a_text_becomes_nan_only_under_a_condition_that_asks_for_it(text: str) -> None:
    """As a failure condition it would else be false, and so pass."""
    assert "is no number" in str(judged("asFloat(result) > 5", text))
    assert judged("isNaN(asFloat(result)) || isInf(asFloat(result))", text) is True


def test_what_stands_left_is_needed_whatever_stands_right() -> None:
    """As in expr-lang; CEL itself would forgive the left side."""
    assert "no item 0" in str(judged("result[0] > 1 || size(result) == 0", []))
    assert "no item 0" in str(judged("result[0] > 1 && size(result) > 0", []))
    assert "compares" in str(judged("result.exists(x, x > 1)", ["a", 2]))
    assert judged("result.exists(x, x > 1)", [2, "a"]) is True


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("result[0] > 1", True),
        ("len(result) == 0 || result[0] > 1", True),
        ("size(result) > 0 && result[0] > 1", True),
        ("0 < size(result) && result[0] > 1", False),
        ("result.size() >= 1 && result[0] > 1", True),
        ("result[0].x > 1", True),
        ("size(result) == 3 && result[0] > 1", False),
        ("size(result) + 1 > 0", False),
        ("size(result) > size(result)", False),
        ("result[0] > result[1]", False),
        ("result > 1", False),
        ("result", False),
        ("result.x > 1", False),
        ("size(result[0]) > 1", True),
        ("[1][result] > 1", False),
        ("result.all(x, x > 1)", False),
        ("size(filter(result, {# > 0})) > 0", False),
        ("sum(result) > 1", False),
        ("true", True),
    ],
)
def test_it_says_whether_it_looks_at_the_first_series_alone(source: str, expected: bool) -> None:
    assert compiled(source).first_only is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("isNaN(result) || result > 1", True),
        ("!isInf(result[0])", True),
        ("result > 1", False),
        ("'isNaN' == result", False),
    ],
)
def test_it_says_whether_it_asks_for_nan(source: str, expected: bool) -> None:
    assert bool(compiled(source).minds) is expected


def test_it_keeps_what_was_written_beside_the_cel() -> None:
    program = compiled("not (len(result) == 0) and result[0] > .5")
    assert program.source == "not (len(result) == 0) and result[0] > .5"
    assert program.cel == "!(size(result) == 0) && result[0] > 0.5"
    assert compiled(program.source) is program


def test_it_speaks_of_the_variables_that_it_is_given_alone() -> None:
    program = CelEngine().compile("other > 1", ("other",))
    assert program.evaluate({"other": 2}) is True
    assert program.explain({"other": 2}) == "2 > 1"


def test_many_threads_may_evaluate_the_same_condition() -> None:
    program = compiled("result.all(x, x >= result[0]) && result[0] % 2 == 0")

    def answers(number: int) -> list[bool | Fault]:
        return [program.evaluate({"result": [number, number + 1], "labels": {}}) for _ in range(30)]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(answers, range(16)))
    assert found == [[number % 2 == 0] * 30 for number in range(16)]


def test_the_process_is_left_as_it_was_found() -> None:
    """cel-python is loaded by the first evaluation, not before, and the limit of recursion stays."""
    script = """
import sys
limit = sys.getrecursionlimit()
import bluegreen
from bluegreen.conditions import compiled
program = compiled("result[0] >= 0.99 && result[0] <= 1")
assert "celpy" not in sys.modules, "loaded too early"
assert program.evaluate({"result": [0.995], "labels": {}}) is True
assert "celpy" in sys.modules
assert sys.getrecursionlimit() == limit, "the limit was changed"
"""
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, timeout=60)
