"""What no reader expects: JSON of any shape, trees with something changed in them, bytes with some of them changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

HUGE = 10**400
"""As many digits as JSON lets through, and more than a float holds."""
ODD_TEXTS = (
    "",
    " ",
    "NaN",
    "-Infinity",
    "1e999",
    "\x00",
    "\ud800",
    "\ufeff",
    "\x85",
    "\u2028",
    "\x1b[2J",
    "🎈",
    "None",
    "{{args.x}}",
)
ODD_NUMBERS = (
    0,
    -1,
    1,
    2**31,
    2**63,
    -(2**63) - 1,
    HUGE,
    -0.0,
    1e308,
    5e-324,
    float("nan"),
    float("inf"),
    float("-inf"),
)
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from(ODD_TEXTS),
    st.text(max_size=8),
    st.floats(),
)
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(ODD_TEXTS), inner, max_size=4)
    ),
    max_leaves=8,
)
"""Any value that JSON can hold, and NaN and the infinities, which Python's reader takes for JSON too."""


def deep(levels: int, opening: str = "[", closing: str = "]") -> str:
    """JSON (and YAML) inside itself."""
    return opening * levels + closing * levels


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value inside."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        yield from places(one, (*path, key))


@st.composite
def edited(draw: st.DrawFn, tree: Any, values: st.SearchStrategy[Any] = ANY_JSON, most: int = 3) -> Any:
    """The tree with one to `most` places changed: deleted, doubled, replaced, retyped, renamed."""
    changed = copy.deepcopy(tree)
    for _ in range(draw(st.integers(1, most))):
        found = list(places(changed))
        if not found:
            return changed
        _edit(draw, changed, draw(st.sampled_from(found)), values)
    return changed


def _edit(draw: st.DrawFn, tree: Any, path: tuple[Any, ...], values: st.SearchStrategy[Any]) -> None:
    parent = tree
    for key in path[:-1]:
        parent = parent[key]
    key = path[-1]
    match draw(st.sampled_from(["replace", "replace", "delete", "double", "retype", "rename", "borrow"])):
        case "delete":
            del parent[key]
        case "double" if isinstance(parent, list):
            parent.insert(key, copy.deepcopy(parent[key]))
        case "retype":
            parent[key] = draw(st.sampled_from([str(parent[key]), [parent[key]], {"value": parent[key]}, None]))
        case "rename" if isinstance(parent, dict):
            parent[draw(misspelt(str(key)))] = parent.pop(key)
        case "borrow":
            other = tree
            for step in draw(st.sampled_from(list(places(tree)))):
                other = other[step]
            parent[key] = copy.deepcopy(other)
        case _:
            parent[key] = copy.deepcopy(draw(values))  # a later edit may be inside it


def misspelt(word: str) -> st.SearchStrategy[str]:
    """The word with a letter too many, too few or in the wrong case."""
    at = st.integers(0, max(0, len(word) - 1))
    return st.one_of(
        at.map(lambda index: word[:index] + word[index + 1 :]),
        at.map(lambda index: word[:index] + word[index : index + 1] * 2 + word[index + 1 :]),
        st.sampled_from([word.upper(), word.lower(), f" {word}", f"{word}\u200b"]),
    )


@st.composite
def damaged(draw: st.DrawFn, data: bytes, most: int = 4) -> bytes:
    """The bytes with some of them cut off, cut out, doubled or written over."""
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        odd = st.sampled_from([b"\0", b"\xff\xfe", b"1e999", b"NaN"])
        new = draw(st.one_of(st.binary(max_size=6), st.just(data[start:end] * 2), odd))
        data = draw(st.sampled_from([data[:start] + new + data[end:], data[:start]]))
    return data


def written(value: Any) -> bytes:
    """The value as JSON, halves of characters and NaN included."""
    return json.dumps(value).encode()
