"""Values from outside: kept as plain JSON, bounded, and put in words."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluegreen.spec import JSON
from bluegreen.values import SHOWN_MAX, VALUE_MAX, brief, decoded, encoded, kept, not_finite, word_of

SPECIAL: dict[str, JSON] = {"deep": [{"$float": "NaN"}, {"$float": "+Inf"}, {"$float": "-Inf"}]}

leaf = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9)
)
plain = leaf | st.lists(leaf, max_size=4) | st.dictionaries(st.text(max_size=5), leaf | st.lists(leaf, max_size=2))


@given(plain)
def test_whatever_is_encoded_comes_back_and_is_strict_json(value: JSON) -> None:
    assert decoded(json.loads(json.dumps(encoded(value), allow_nan=False))) == value


def test_nan_and_infinity_are_kept_in_words_and_come_back() -> None:
    assert encoded({"deep": (math.nan, math.inf, -math.inf)}) == SPECIAL
    nan, above, below = decoded(SPECIAL)["deep"]
    assert math.isnan(nan)
    assert (above, below) == (math.inf, -math.inf)
    assert [word_of(one) for one in (nan, above, below)] == ["NaN", "+Inf", "-Inf"]


@pytest.mark.parametrize("other", [{"$float": "1"}, {"$float": "NaN", "unit": "s"}, {"$float": 1.0}])
def test_what_only_looks_like_a_word_stays_as_it_is(other: JSON) -> None:
    assert decoded(other) == other
    assert not_finite(other) == ()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({1, 2}, "the value holds a set, which is no JSON"),
        ({"a": [object()]}, "the value holds a object, which is no JSON"),
        ({1: "a"}, "the value has a key that is no text"),
        ("x" * VALUE_MAX, f"the value has {VALUE_MAX + 2} characters as JSON, and the most is {VALUE_MAX}"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(value: object, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}$"):
        encoded(value)


def test_what_is_nested_too_deep_is_refused() -> None:
    deep: JSON = 1
    for _ in range(50):
        deep = [deep]
    assert encoded(deep) == deep
    with pytest.raises(ValueError, match="nested deeper than 50 levels"):
        encoded([deep])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (SPECIAL, ("NaN", "+Inf", "-Inf")),
        ([1.0, {"$float": "-Inf"}, {"$float": "-Inf"}], ("-Inf",)),
        ([1.0, {"a": "NaN"}], ()),
        ([], ()),
        ({}, ()),
        (1.5, ()),
    ],
)
def test_every_number_that_is_not_finite_is_found_once(value: JSON, words: tuple[str, ...]) -> None:
    assert not_finite(value) == words


def test_what_a_terminal_would_obey_is_not_shown() -> None:
    assert brief("red\x1b[2Jgreen\n") == "red [2Jgreen "
    assert brief(["a\x07"]) == '["a\\u0007"]'


def test_of_what_is_long_only_the_beginning_is_kept() -> None:
    assert kept({"a": [1.0]}) == {"a": [1.0]}
    long = kept(["x" * 5000])
    assert isinstance(long, str)
    assert long.startswith('["xxx')
    assert long.endswith("x… (5004 characters)")
    assert len(long) == SHOWN_MAX + len("… (5004 characters)")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.96234567, "0.962346"),
        (0.1 + 0.2, "0.3"),
        (123456789.5, "123456789.5"),
        (0.00000012345, "1.235e-07"),
        (-0.0005, "-0.0005"),
        (0.0, "0.0"),
        ([0.99, 0.98], "[0.99, 0.98]"),
        ({"$float": "NaN"}, "NaN"),
        ([{"$float": "+Inf"}, 1], '["+Inf", 1]'),
        ({"größe": None}, '{"größe": null}'),
        ("plain text", "plain text"),
        (True, "true"),
        ("x" * 200, "x" * 79 + "…"),
    ],
)
def test_a_value_is_put_in_a_few_words(value: JSON, words: str) -> None:
    assert brief(value) == words
