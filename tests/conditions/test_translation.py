"""What Argo's users have written for expr-lang: the same answer, or an error that shows what to write instead."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bluegreen.conditions import ConditionError, Fault, compiled


@pytest.mark.parametrize(
    ("source", "cel"),
    [
        ("result[0] >= 0.99", "result[0] >= 0.99"),
        ("len(result) == 0 || result[0] >= 0.95", "size(result) == 0 || result[0] >= 0.95"),
        ("isNaN(result) || result[0] <= 0.05", "isNaN(result) || result[0] <= 0.05"),
        ("asFloat(result.x) > 1", "asFloat(result.x) > 1"),
        ("not (result > 1) and true or false", "!(result > 1) && true || false"),
        ("result.a and (result.b or result.c)", "result.a && (result.b || result.c)"),
        ("result not in [1, 2]", "!(result in [1, 2])"),
        ("result == `a\\b`", 'result == "a\\\\b"'),
        ("result == 'it\\'s \"it\"'", 'result == "it\'s \\"it\\""'),
        ("result == 'len(x) and nil' // and not", 'result == "len(x) and nil"'),
        ("/* not */ result > 1_000 ", "result > 1000"),
        ("result matches '^v1' && result not contains 'rc'", 'result.matches("^v1") && !result.contains("rc")'),
        ("result startsWith 'a' or result endsWith 'z'", 'result.startsWith("a") || result.endsWith("z")'),
        ("result.a ? result.b > 1 : result.c > 1", "result.a ? result.b > 1 : result.c > 1"),
        (
            "(result.a ? 1 : 2) > 1 ? true : result.b ? true : false",
            "(result.a ? 1 : 2) > 1 ? true : result.b ? true : false",
        ),
        ("result.a ? (result.b ? true : false) : true", "result.a ? (result.b ? true : false) : true"),
        ("float(result) > 1 and int(result) > 1", "double(result) > 1 && int(result) > 1"),
        ("all(result, {# > 0})", "result.all(it, it > 0)"),
        ("all(result, # > 0)", "result.all(it, it > 0)"),
        ("any(result, {.v > 0 and #.w < 1})", "result.exists(it, it.v > 0 && it.w < 1)"),
        ("none(result, {# > 0})", "!result.exists(it, it > 0)"),
        ("one(result, {# > 0})", "result.exists_one(it, it > 0)"),
        ("count(result, {# > 0}) > 1", "size(result.filter(it, it > 0)) > 1"),
        ("len(filter(result, {# > 0})) > 1", "size(result.filter(it, it > 0)) > 1"),
        ("map(result, {# * 2})[0] > 1", "result.map(it, it * 2)[0] > 1"),
        ("sum(result, {.v}) > 1 && sum(result) > 1", "sum(result.map(it, it.v)) > 1 && sum(result) > 1"),
        ("all(result, {any(#, {# > 0})})", "result.all(it, it.exists(it2, it2 > 0))"),
        ("all(filter(result, {# > 0}), {# < 9})", "result.filter(it, it > 0).all(it, it < 9)"),
        ("default(result, 0) > 1", "default(result, 0) > 1"),
        ("default(result.x, 0) > 1", 'default(lookup(result, "x"), 0) > 1'),
        ("isNil(result['x'])", 'isNil(lookup(result, "x"))'),
        ("(result ?? 0) > 1", "default(result, 0) > 1"),
        ("(result.x ?? result.y ?? 0) > 1", 'default(default(lookup(result, "x"), lookup(result, "y")), 0) > 1'),
        ("(result.x[0] ?? 0) > 1", "default(result.x[0], 0) > 1"),
        ("result?.x == 1", 'lookup(default(result, {}), "x") == 1'),
        ("result.x?.y ?? true", 'default(lookup(default(lookup(result, "x"), {}), "y"), true)'),
        ("result.x == nil", 'lookup(result, "x") == null'),
        ("nil != result.x.y", 'null != lookup(result.x, "y")'),
        ("result.x == null", "result.x == null"),
        ("result == nil", "result == null"),
        ("result > 1 ? (result ?? 0) < 5 : true", "result > 1 ? default(result, 0) < 5 : true"),
        ("result - -1 > - 1 && -(-result) > -(1 + 2)", "result - -1 > -1 && -(-result) > -(1 + 2)"),
        ("result - (1 - 2) > 1 && result * (1 + 2) % 2 == 1", "result - (1 - 2) > 1 && result * (1 + 2) % 2 == 1"),
        ("(result > 1) == true", "(result > 1) == true"),
        ("(true || result) && !!(result)", "(true || result) && !!result"),
        ("true && (true && result)", "true && (true && result)"),
        ("(result ? [1] : [2])[0] > 1", "(result ? [1] : [2])[0] > 1"),
        ("result['a b'] > 1 && result.in > 1", 'result["a b"] > 1 && result["in"] > 1'),
        ("result == 'ö\u2028\U000e0001'", 'result == "ö\\u2028\\U000e0001"'),
        ("result > 1e-7 && result < 1e300", "result > 1e-07 && result < 1e+300"),
    ],
)
def test_it_becomes_cel(source: str, cel: str) -> None:
    program = compiled(source)
    assert program.cel == cel
    assert compiled(program.cel).cel == cel


@pytest.mark.parametrize(
    ("source", "result", "expected"),
    # The third column is what expr-lang 1.17.8 answered for the same text and value, with Argo's functions.
    [
        ("len(result) == 0 || result[0] > 1", [], True),
        ("result == [1.0]", [1], True),
        ("result.x == nil", {}, True),
        ("result['x'] == nil", {}, True),
        ("result.x?.y == nil", {}, True),
        ("result.a / result.b == 0.5", {"a": 1, "b": 2}, True),
        ("result.a == 1.0", {"a": 1}, True),
        ("1 in [1.0]", 1, True),
        ("not (result > 5)", 3, True),
        ("!(result > 5) and true", 3, True),
        ("all(result, {# > 0})", [1, 2], True),
        ("none(result, {# > 3})", [1, 2], True),
        ("one(result, {# == 2})", [1, 2], True),
        ("one([1, 1], {true})", 1, False),
        ("none([], {true})", 1, True),
        ("count(result, {# > 0}) == 2", [1, 2], True),
        ("sum(result) == 0", [], True),
        ("sum(result, {.v}) == 3", [{"v": 1}, {"v": 2}], True),
        ("mean(result) == 1.5 && median(result) == 1.5 && min(result, 5) == 1", [1, 2], True),
        ("len(result) == 3", "héé", True),
        ("result matches '^a'", "abc", True),
        ("result not contains 'b'", "abc", False),
        ("isNaN(result[0])", [math.nan], True),
        ("result[0] in result", [math.nan], False),
        ("max(result) > 1", [math.nan], False),
        ("asInt(result) == -1", -1.9, True),
        ("isNaN(asFloat(result))", "nan", True),
        ("default(result, 0) == 0", None, True),
        ("result ?? true", None, True),
        ("true or false and false", 1, True),
        ("true || false ? false : true", 1, False),
        ("not true == false", 1, True),
        ("any(result, # > 1) && all(result, {all(result, {# > 0})})", [1, 2], True),
    ],
)
def test_the_answer_is_that_of_expr_lang(source: str, result: Any, expected: bool) -> None:
    assert compiled(source).evaluate({"result": result, "labels": {}}) is expected


@pytest.mark.parametrize(
    ("source", "result"),
    # expr-lang answers these, with a value that nobody has measured.
    [
        ("result.x != 0", {}),
        ("result.x == 0", {}),
        ("mean(result) == 0", []),
        ("result.a / result.b > 5", {"a": 1, "b": 0}),
        ("result + 9223372036854775807 > 0", 1),
        ("default(result.x, 0) == 0", None),
    ],
)
def test_where_expr_lang_would_guess_there_is_a_fault(source: str, result: Any) -> None:
    assert isinstance(compiled(source).evaluate({"result": result, "labels": {}}), Fault)


def test_default_and_isnil_look_at_their_argument() -> None:
    """Argo's look at the whole result, whatever they are given."""
    variables: dict[str, Any] = {"result": {"x": None, "y": 5}, "labels": {}}
    assert compiled("default(result.x, 3) == 3 && default(result.y, 3) == 5").evaluate(variables) is True
    assert compiled("isNil(result.x) && isNil(result.z) && !isNil(result.y)").evaluate(variables) is True


@pytest.mark.parametrize(
    ("source", "column", "remedy"),
    [
        ("result ** 2 > 1", 8, "result * result"),
        ("result ^ 2 > 1", 8, "result * result"),
        ("result in 1..3", 12, "[1, 2, 3]"),
        ("result | abs() > 1", 8, "abs(result)"),
        ("result & 1", 8, "&&"),
        ("result[0:1] == [1]", 9, "result[0]"),
        ("result[:1] == [1]", 8, "result[0]"),
        ("let x = 1; x > 1", 1, "each value where it is needed"),
        ("true; false", 5, "each value where it is needed"),
        ("if true {false} else {true}", 1, "condition ? this : that"),
        ("find(result, {# > 1}) == 2", 1, "filter(result, {# > 1})[0]"),
        ("last(result) > 1", 1, "result[size(result) - 1]"),
        ("count(result) > 1", 1, "count(result, {# > 0})"),
        ("all(result) > 1", 1, "all(result, {# > 0})"),
        ("keys(result) == []", 1, "exists"),
        ("result?.x.y == nil", 10, "?. all the way"),
        ("result?.x[0] == nil", 10, "?. all the way"),
        ("result?.[0] == 1", 9, "size(result) > 0"),
        ("result.x ?? 0 > 5", 10, "(result.x ?? 0) > 1"),
        ("1 + result.x ?? 0 > 5", 14, "(result.x ?? 0) > 1"),
        ("!result.x ?? true", 11, "(result.x ?? 0) > 1"),
        ("{'a': 1} == result", 1, "result.a == 1"),
        ("# > 1", 1, "all(result, {# > 0})"),
        (".x > 1", 1, "all(result, {# > 0})"),
        ("all(result, {#index > 1})", 14, "the element itself"),
        ("all(result, {it > 1})", 14, ""),
        ("not result in [true]", 12, "not in"),
    ],
)
def test_what_has_no_equal_is_refused_with_what_to_write(source: str, column: int, remedy: str) -> None:
    with pytest.raises(ConditionError) as raised:
        compiled(source)
    assert raised.value.column == column
    assert remedy in raised.value.remedy
