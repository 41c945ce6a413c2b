"""Queries as people and programs get them wrong, made from one that is right."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from bluegreen.spec import JSON

PLACEHOLDER = "{{args.x}}"

_WRONG: tuple[JSON, ...] = (
    None,
    True,
    0,
    -1,
    10**30,
    math.nan,
    math.inf,
    "",
    "\x00",
    "\udc80",
    "é" * 10_000,
    "{{",
    "{{nonsense}}",
    [],
    [None],
    {},
    {"": None},
)


def mistaken(query: Mapping[str, JSON]) -> Iterator[dict[str, JSON]]:
    """The query with each of its values replaced by something wrong, left out, or joined by one nobody knows."""
    yield {}
    yield {**query, "no-such-field": 1}
    for path in _paths(query):
        yield _without(query, path)
        for wrong in _WRONG:
            yield _with(query, path, wrong)


def with_placeholders(query: Mapping[str, JSON]) -> Iterator[dict[str, JSON]]:
    """The query with one of its texts at a time left to an argument, which is known only when it is measured."""
    for path in _paths(query):
        if isinstance(_at(query, path), str):
            yield _with(query, path, PLACEHOLDER)


def _paths(value: JSON) -> Iterator[tuple[str | int, ...]]:
    """The place of each value inside, those in between included."""
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (key,)
        for path in _paths(one):
            yield (key, *path)


def _at(value: JSON, path: tuple[str | int, ...]) -> JSON:
    for key in path:
        value = value[key]
    return value


def _with(value: JSON, path: tuple[str | int, ...], new: JSON) -> JSON:
    if not path:
        return new
    changed = _copy(value)
    changed[path[0]] = _with(value[path[0]], path[1:], new)
    return changed


def _without(value: JSON, path: tuple[str | int, ...]) -> JSON:
    changed = _copy(value)
    if len(path) == 1:
        del changed[path[0]]
    else:
        changed[path[0]] = _without(value[path[0]], path[1:])
    return changed


def _copy(value: JSON) -> JSON:
    return dict(value) if isinstance(value, Mapping) else list(value)
