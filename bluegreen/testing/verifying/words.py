"""Times and lists in the words of a report."""

from __future__ import annotations

import math
from collections.abc import Sequence

FOR_EVER = math.inf


def span(seconds: float, *, exactly: bool = False) -> str:
    """A length of time as manifests write it: `45s`, `2m3s`, `1h`. Rounded up to whole seconds unless `exactly`."""
    if seconds == FOR_EVER:
        return "for ever"
    whole = seconds if exactly else math.ceil(round(seconds, 3))
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "m"), (round(rest, 3), "s")]
    return "".join(f"{value:g}{unit}" for value, unit in parts if value) or "0s"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def agreed(names: Sequence[str], one: str, several: str) -> str:
    """The names, each once, and the verb that agrees: `a is`, `a and b are`."""
    once = list(dict.fromkeys(names))
    return f"{listed(once)} {one if len(once) == 1 else several}"


def how_many(number: int, what: str) -> str:
    """`1 scenario`, `3 scenarios`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
