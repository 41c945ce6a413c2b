"""What is wrong with a condition is said when it is loaded: where, and what to write instead."""

from __future__ import annotations

import pytest

from bluegreen.conditions import ConditionError, compiled


def refused(source: str) -> ConditionError:
    """The error of a condition that is not accepted."""
    with pytest.raises(ConditionError) as raised:
        compiled(source)
    assert raised.value.source == source
    return raised.value


@pytest.mark.parametrize(
    ("source", "column", "message", "remedy"),
    [
        # nothing to evaluate
        ("", 1, "the condition is empty", "result[0] >= 0.99"),
        ("  // later", 11, "the condition is empty", ""),
        # syntax
        ("result[0] >=", 13, "something is missing here", ""),
        ("result[0] >= )", 14, ") cannot stand here", ""),
        ("(result[0] > 1", 15, "something is missing here: ) is wanted", ""),
        ("result[0 > 1", 13, "something is missing here: ] is wanted", ""),
        ("result[0] > 1 result", 15, "result cannot stand here", ""),
        ("result ? true", 14, "something is missing here: : is wanted", ""),
        ("[1 2] == result", 4, "2 cannot stand here: , is wanted", ""),
        ("result. > 1", 9, "> cannot stand here: a key is wanted", ""),
        ("result.?x > 1", 8, "? cannot stand here: a key is wanted", "has(result.x)"),
        ("result = 1", 8, "= cannot stand here", "=="),
        ("result == 'up", 11, "the text has no end", "'"),
        ("result == 'u\np'", 11, "the text has no end", "'"),
        ("true /* why", 6, "the comment has no end", "*/"),
        ("result > 5ms", 10, "5ms is no number", "without a unit"),
        ("result > 007", 10, "007 is no number", "0xff"),
        ("result > 1.2.3", 10, "1.2.3 is no number", ""),
        ("result > 1.", 10, "1. is no number", ""),
        ("result > 1u", 10, "1u is no number", ""),
        ("result.größe > 1", 10, "'ö' means nothing", 'result["größe"]'),
        ("result > 1 @ 2", 12, "'@' means nothing", ""),
        (r"result == '\q'", 12, r"\q means nothing", r"\\"),
        (r"result == '\ud800'", 12, r"\ud800 is no character", ""),
        (r"result == '\U00110000'", 12, r"\U00110000 is no character", ""),
        ("result > 1e999", 10, "1e999 is too large a number", ""),
        ("result > 9223372036854775808", 10, "9223372036854775808 is too large a number", "1e20"),
        ("1 < 2 < 3", 7, "comparisons do not chain", "a < b && b < c"),
        ("result == 1 == true", 13, "comparisons do not chain", ""),
        ("1 < result && 1 < 2 < 3", 21, "comparisons do not chain", ""),
        # names, functions, arity
        ("resutl[0] > 1", 1, "nothing is named resutl", "did you mean result?"),
        ("foo > 1", 1, "nothing is named foo", "there are: labels, result"),
        ("result.all(x, y > 1)", 15, "nothing is named y", ""),
        ("result.all(x, x > 1) && x > 1", 25, "nothing is named x", ""),
        ("size > 1", 1, "size is a function", "size(result)"),
        ("isNan(result)", 1, "there is no function isNan", "did you mean isNaN?"),
        ("now() > 1", 1, "there is no function now", "there are: abs,"),
        ("timestamp(result) > 1", 1, "there is no function timestamp", "duration()"),
        ("string(result) == 'a'", 1, "there is no function string", "double(result)"),
        ("result.foo(1)", 8, "there is no function foo", ""),
        ("result.isNaN()", 8, "isNaN stands before its argument", "isNaN(result)"),
        ("result.any(x, x)", 8, "any stands before its argument", ""),
        ("contains(result, 'a')", 1, "contains stands behind its text", 'result.contains("text")'),
        ("isNaN()", 1, "isNaN takes 1 argument, not 0", ""),
        ("len(result, 1) > 1", 1, "len takes 1 argument, not 2", ""),
        ("default(result) > 1", 1, "default takes 2 arguments, not 1", ""),
        ("result.contains()", 8, "contains takes 1 argument, not 0", ""),
        ("max() > 1", 1, "max takes 1 or more argument, not 0", ""),
        ("dyn(1, 2) > 1", 1, "dyn takes 1 argument", ""),
        ("has(result)", 1, "has asks for a key", '"x" in result'),
        ("has(result.in)", 1, "has asks for a key", ""),
        ("has(result['x'])", 1, "has asks for a key", ""),
        ("result.all(x > 1)", 8, "all wants a variable and what to do with it", "result.all(x, x > 0)"),
        ("result.all(1, true)", 8, "all wants a variable", ""),
        ("result.all(result, true)", 12, "result is taken", "another name"),
        ("result.all(x, result.all(x, x > 1))", 26, "x is taken", ""),
        ("result.all(for, true)", 12, "for is taken", ""),
        # what can never be true or false
        ("0.99", 1, "this is a number, never true or false", "result[0] >= 0.99"),
        ("'result > 1'", 1, "this is text, never true or false", ""),
        ("null", 1, "this is null, never true or false", ""),
        ("size(result)", 1, "this is a number, never true or false", "size(result) > 0"),
        ("result[0] * 2", 11, "this is a number, never true or false", ""),
        ("-result", 1, "this is a number, never true or false", ""),
        ("[true]", 1, "this is a list, never true or false", ""),
        ("labels", 1, "this is a map, never true or false", ""),
        ("result.filter(x, x > 1)", 8, "this is a list, never true or false", ""),
        ("result ? 1 : 'a'", 8, "this is a number, never true or false", ""),
        ("result ? 1 : 2", 8, "this is a number, never true or false", ""),
        ("duration('1s')", 1, "this is a duration, never true or false", ""),
        # kinds that never fit
        ("size(result) == '0'", 14, "== of a number and text is never of use", "double(result)"),
        ("size(result) == true", 14, "== of a number and true or false is never of use", ""),
        ("size(result) > '0'", 14, "> of a number and text is never of use", "double(result)"),
        ("true > false", 1, "> wants a number or text or a duration, and this is true or false", "&&"),
        ("(1 < 2) < 3", 4, "< wants a number or text or a duration, and this is true or false", "&&"),
        ("not result > 5", 1, "> wants a number or text or a duration, and this is true or false", "!(a > b)"),
        ("!size(result)", 2, "! wants true or false, and this is a number", ""),
        ("result > 1 && size(result)", 15, "&& wants true or false, and this is a number", ""),
        ("1 ? true : false", 1, "? wants true or false, and this is a number", ""),
        ("'a' - 1 > 0", 1, "- wants a number, and this is text", ""),
        ("null + 1 > 0", 1, "+ wants a number or text or a list, and this is null", ""),
        ("1 + 'a' == result", 3, "+ of a number and text is never of use", ""),
        ("(result ? 1 : 2) + 'a' == 'b'", 18, "+ of a number and text is never of use", ""),
        ("1 in 'abc'", 6, "in wants a list or a map, and this is text", ""),
        ("!result in [true]", 9, "! binds tighter than in", "not in"),
        ("isNaN('a')", 7, "isNaN wants a number, and this is text", ""),
        ("size(1) == 1", 6, "size wants", ""),
        ("max(1, 'a') > 1", 8, "max wants a list or a number, and this is text", ""),
        ("'a'.all(x, true)", 1, "all wants a list or a map, and this is text", ""),
        ("result.all(x, 1)", 15, "all wants true or false, and this is a number", ""),
        ("has(size(result).x)", 5, ".x wants a map, and this is a number", ""),
        ("labels[0] == 'a'", 8, "a map has no such item", ""),
        ("[1]['a'] == 1", 5, "a list has no such item", ""),
        ("'abc'[0] == 'a'", 1, "[] wants a list or a map, and this is text", ""),
        ("result[true]", 8, "[] wants a number or text, and this is true or false", ""),
        ("result[-1] > 0.99", 8, "there is no item -1", "result[size(result) - 1]"),
        ("result[0.5] > 0.99", 8, "there is no item 0.5", ""),
        ("[1 + 'a'] == result", 4, "+ of a number and text", ""),
        # patterns and durations
        ("result.matches('(a')", 16, "the pattern cannot be used: missing )", ""),
        ("result.matches(labels.x)", 23, "the pattern has to be written in the condition", ""),
        ("duration(result) > duration('1 hour')", 29, "this is no duration", "1h30m"),
    ],
)
def test_it_is_refused_with_a_place_and_a_remedy(source: str, column: int, message: str, remedy: str) -> None:
    error = refused(source)
    assert (error.line, error.column) == (1, column)
    assert message in error.message
    assert remedy in error.remedy


def test_the_place_is_shown_under_the_line() -> None:
    error = refused("size(result) > 0 &&\n  resutl[0] >= 0.99")
    assert (error.line, error.column) == (2, 3)
    assert str(error) == "nothing is named resutl\n  resutl[0] >= 0.99\n  ^\ndid you mean result?"


@pytest.mark.parametrize("source", ["true\n && (", "true\n && (\n", "true &&\n\n\n"])
def test_what_is_missing_is_missing_behind_the_last_word(source: str) -> None:
    error = refused(source)
    assert error.line == len(source.rstrip().splitlines())
    assert "something is missing here" in error.message
