"""Durations as Go and CEL write them: 1h30m, 250ms."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from attrs import frozen

_LENGTH_MAX: Final = 64
_UNITS: Final = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)")


@frozen(order=True)
class Span:
    """A duration that a condition speaks of."""

    nanoseconds: int


def nanoseconds(text: object) -> int | None:
    """How many nanoseconds `1h30m` has, cut off below one; None for what is no duration. Takes time linear in its
    length, which is bounded."""
    if not isinstance(text, str) or len(text) > _LENGTH_MAX:
        return None
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    total, at = Fraction(0), 0
    while match := _PART.match(rest, at):
        total += Fraction(match.group(1)) * _UNITS[match.group(2)]
        at = match.end()
    return sign * int(total) if at == len(rest) and rest else None
