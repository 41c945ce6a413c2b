"""Values that came from outside, made fit to be kept: plain JSON, bounded, with NaN and infinity in words."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final

from bluegreen.spec import JSON

VALUE_MAX: Final = 256 * 1024
"""A measurement's value may have so many characters as JSON."""
SHOWN_MAX: Final = 2000
"""So much of it is kept once it has been judged."""
_DEPTH_MAX: Final = 50
_FLOAT: Final = "$float"
_WORDS: Final[Mapping[str, float]] = {"NaN": math.nan, "+Inf": math.inf, "-Inf": -math.inf}


def encoded(value: object) -> JSON:
    """The value as strict JSON: NaN and the infinities become `{"$float": "NaN"}` and so on, tuples become lists.

    Raises `ValueError`, in words, for what is no JSON (a set, a key that is no text), too deep or too large.
    """
    found = _encoded(value, 0)
    size = len(json.dumps(found, separators=(",", ":")))
    if size > VALUE_MAX:
        raise ValueError(f"the value has {size} characters as JSON, and the most is {VALUE_MAX}")
    return found


def _encoded(value: object, depth: int) -> JSON:
    if depth > _DEPTH_MAX:
        raise ValueError(f"the value is nested deeper than {_DEPTH_MAX} levels")
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: word_of(value)}
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_encoded(one, depth + 1) for one in value]
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("the value has a key that is no text")
        return {key: _encoded(one, depth + 1) for key, one in value.items()}
    raise ValueError(f"the value holds a {type(value).__name__}, which is no JSON")


def decoded(value: JSON) -> JSON:
    """The value that `encoded` was given."""
    if isinstance(value, list):
        return [decoded(one) for one in value]
    if isinstance(value, dict):
        if value.keys() == {_FLOAT} and value[_FLOAT] in _WORDS:
            return _WORDS[value[_FLOAT]]
        return {key: decoded(one) for key, one in value.items()}
    return value


def word_of(number: float) -> str:
    """`NaN`, `+Inf` or `-Inf`, as Prometheus writes them."""
    return "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"


def not_finite(value: JSON) -> tuple[str, ...]:
    """Every NaN and infinity in an encoded value, in words, each once; none when every number in it is finite."""
    if isinstance(value, dict) and value.keys() == {_FLOAT} and value[_FLOAT] in _WORDS:
        return (str(value[_FLOAT]),)
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return tuple(dict.fromkeys(word for one in below for word in not_finite(one)))


def printable(text: str) -> str:
    """The text on one line, with nothing in it that a terminal would obey."""
    return "".join(one if one.isprintable() else " " for one in text)


def kept(value: JSON) -> JSON:
    """As much of an encoded value as is kept once it has been judged: the whole, or the beginning of its text."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return value if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}… ({len(text)} characters)"


def brief(value: JSON, limit: int = 80) -> str:
    """The value in a few words, for a sentence: `0.962`, `[0.99, 0.98]`."""
    plain = _in_words(value)
    text = printable(plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False))
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _in_words(value: JSON) -> JSON:
    if isinstance(value, float):
        return round(value, 6) if abs(value) >= 0.001 else float(f"{value:.4g}")
    if isinstance(value, list):
        return [_in_words(one) for one in value]
    if isinstance(value, dict):
        if words := not_finite(value) if value.keys() == {_FLOAT} else ():
            return words[0]
        return {key: _in_words(one) for key, one in value.items()}
    return value
