"""A value as the Python that makes it: what was found becomes a test by pasting it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from typing import Any

from attrs import NOTHING, Attribute, Factory, has


def written(value: Any) -> str:
    """The expression that makes this value, without what is left at its default.

    >>> written(World.of(SHOP, Build("next", metrics=step(30.0))).releases)
    "(Release(Build('next', metrics=Series((Piece(30.0, 1.0),)))),)"
    """
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if has(type(value)):
        return f"{type(value).__name__}({', '.join(_fields(value))})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{written(key)}: {written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(written, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return "NEVER" if value > 0 else f"float('{value}')"
    return repr(value)


def _fields(value: Any) -> list[str]:
    """The arguments: the first by their places, for as long as none is left out."""
    found: list[str] = []
    named = False
    attributes: tuple[Attribute[Any], ...] = type(value).__attrs_attrs__
    for one in attributes:
        if not one.init:
            continue
        held = getattr(value, one.name)
        if held == _default(one):
            named = True
            continue
        named = named or one.kw_only
        found.append(f"{one.name}={written(held)}" if named else written(held))
    return found


def _default(one: Attribute[Any]) -> Any:
    default: Any = one.default
    if default is NOTHING:
        return NOTHING
    return default.factory() if isinstance(default, Factory) else default  # type: ignore[arg-type]
