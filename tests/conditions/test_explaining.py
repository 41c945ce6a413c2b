"""Why a condition held, or did not, in words that a report can show."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bluegreen.conditions import compiled


@pytest.mark.parametrize(
    ("source", "result", "words"),
    [
        ("result[0] >= 0.99", [0.962], "0.962 < 0.99"),
        ("result[0] >= 0.99", [0.995], "0.995 >= 0.99"),
        ("result[0] > 1", [0.123456789], "0.123457 <= 1"),
        ("result[0] <= 1", [1234567.8], "1.23457e+06 > 1"),
        ("result < 5", 7, "7 >= 5"),
        ("result == 5", 7, "7 != 5"),
        ("result != 5", 5, "5 == 5"),
        ("result == 'up'", "größer", '"größer" != "up"'),
        ("result in [1, 2]", 3, "3 not in [1, 2]"),
        ("result in [1, 2]", 2, "2 in [1, 2]"),
        ("len(result) == 0 || result[0] >= 0.99", [0.962], "0.962 < 0.99"),
        ("len(result) == 0 || result[0] >= 0.99", [], "0 == 0"),
        ("size(result) > 0 && result[0] >= 0.99", [], "0 <= 0"),
        ("size(result) > 0 && result[0] >= 0.99", [0.995], "0.995 >= 0.99"),
        ("!(result > 5)", 7, "7 > 5"),
        ("size(result) > 0 ? result[0] > 5 : size(result) == 1", [6], "6 > 5"),
        ("size(result) > 0 ? result[0] > 5 : size(result) == 1", [], "0 != 1"),
        ("result.good / result.all > 0.99", {"good": 96, "all": 100}, "0.96 <= 0.99"),
        ("result >= 0.99", math.nan, "NaN >= 0.99 is false"),
        ("result != 1", math.nan, "NaN != 1 is true"),
        ("result < 1", math.inf, "+Inf >= 1"),
        ("result == true", False, "false != true"),
        ("result == null", None, "null == null"),
        ("duration(result) < duration('1s')", "90s", '"90s" >= "1s"'),
        ("isNaN(result)", math.nan, "NaN"),
        ("result.all(x, x > 1)", [1, 2], "[1, 2]"),
        ("true", {"a": 1}, '{"a": 1}'),
        ("result[0] > 1", [], "there is no item 0 in a list of 0"),
        ("size(result) == 0 || result > 5", "abc", '"abc" > 5 compares what has no order'),
    ],
)
def test_the_part_that_decided_is_shown(source: str, result: Any, words: str) -> None:
    assert compiled(source).explain({"result": result, "labels": {}}) == words


def test_a_long_value_is_shown_in_brief() -> None:
    assert len(compiled("result == 'x'").explain({"result": "y" * 10_000, "labels": {}})) < 120
    assert len(compiled("result.all(x, x > 1)").explain({"result": [1] * 10_000, "labels": {}})) <= 80
