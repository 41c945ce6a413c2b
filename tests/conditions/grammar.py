"""Conditions, and what may be measured, for Hypothesis."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.conditions.twin import Tree

KEYS = ("a", "b", "success")
NUMBERS = st.one_of(
    st.integers(-1, 3),
    st.sampled_from([0.0, -0.0, 0.5, 0.99, 1.0, 2.0, 99.5, 1e308, -1e308, 5e-324, 2**53 + 1, 2.0**53, 2**63 - 1]),
    st.floats(allow_nan=True, allow_infinity=True),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.sampled_from(["", "a", "1", "NaN", "größe", "日本", "\U0001f600"])
)


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3))


MEASURED = st.one_of(
    st.lists(NUMBERS, max_size=5),
    st.dictionaries(st.sampled_from(KEYS), NUMBERS),
    st.recursive(SCALARS, _nested, max_leaves=12),
)
"""What a measurement may come back with: NaN, infinity, nothing, too much, not ASCII, nested."""


@cache
def parts(names: tuple[str, ...], depth: int) -> st.SearchStrategy[Tree]:
    """Any part of a condition, where these names are known."""
    literal = st.tuples(
        st.just("lit"),
        st.one_of(
            st.integers(-1, 3),
            st.sampled_from([0.5, 0.99, 1.0, 2.0, 1e308]),
            st.booleans(),
            st.none(),
            st.sampled_from(["", "a", "größe"]),
        ),
    )
    name = st.tuples(st.just("name"), st.sampled_from(names))
    first = st.tuples(st.just("index"), st.just(("name", "result")), st.tuples(st.just("lit"), st.integers(0, 2)))
    key = st.tuples(st.just("field"), st.just(("name", "result")), st.sampled_from(KEYS))
    leaves = st.one_of(first, name, key, literal)
    if depth == 0:
        return leaves
    below = st.deferred(lambda: parts(names, depth - 1))
    return st.one_of(
        leaves,
        st.tuples(st.sampled_from(["field", "has"]), below, st.sampled_from(KEYS)),
        st.tuples(st.just("index"), below, below),
        st.tuples(st.just("size"), below),
        st.tuples(st.just("neg"), below),
        st.lists(below, max_size=3).map(lambda found: ("list", *found)),
        st.tuples(st.sampled_from(["+", "-", "*", "/", "%"]), below, below),
        st.tuples(st.just("?"), below, below, below),
        loops(names, depth, ("filter", "map")),
        conditions(names, depth - 1),
    )


@cache
def loops(names: tuple[str, ...], depth: int, kinds: tuple[str, ...]) -> st.SearchStrategy[Tree]:
    """Comprehensions over anything, with a variable of their own."""
    variable = f"v{len(names)}"
    inside = (*names, variable)

    def build(kind: str) -> st.SearchStrategy[Tree]:
        body = parts(inside, depth - 1) if kind == "map" else conditions(inside, depth - 1)
        return st.tuples(st.just("loop"), st.just(kind), parts(names, depth - 1), st.just(variable), body)

    return st.sampled_from(kinds).flatmap(build)


@cache
def conditions(names: tuple[str, ...] = ("result",), depth: int = 3) -> st.SearchStrategy[Tree]:
    """Conditions that make some sense: most have an answer on some value."""
    below = st.deferred(lambda: parts(names, max(depth - 1, 0)))
    compared = st.tuples(st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in"]), below, below)
    if depth <= 0:
        return compared
    same = st.one_of(st.deferred(lambda: conditions(names, depth - 1)), parts(names, 0))
    return st.one_of(
        compared,
        # The usual kind, of two values that are often the same.
        st.tuples(st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), parts(names, 0), parts(names, 0)),
        st.tuples(st.sampled_from(["&&", "||"]), same, same),
        st.tuples(st.just("not"), same),
        st.tuples(st.just("?"), same, same, same),
        st.tuples(st.just("method"), st.sampled_from(["contains", "startsWith", "endsWith"]), below, below),
        loops(names, depth, ("all", "exists", "exists_one")),
    )
