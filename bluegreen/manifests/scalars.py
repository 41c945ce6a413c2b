"""What an unquoted word means. YAML 1.1 and 1.2 disagree on some words; those are refused, with both meanings."""

from __future__ import annotations

import re
from math import isfinite

from bluegreen.spec import JSON

_FIRST = frozenset("0123456789+-.~nNtTfFyYoO")
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


def _spelled(*words: str) -> frozenset[str]:
    return frozenset(form for word in words for form in (word, word.capitalize(), word.upper()))


_TRUE, _FALSE = _spelled("true"), _spelled("false")
_TRUE_11, _FALSE_11 = _TRUE | _spelled("yes", "y", "on"), _FALSE | _spelled("no", "n", "off")

_INT_12 = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT_12 = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INT_11 = re.compile(r"[-+]?(?:0b[01_]+|0[0-7_]*|[1-9][0-9_]*(?::[0-5]?[0-9])*|0x[0-9a-fA-F_]+)")
_FLOAT_11 = re.compile(r"[-+]?(?:(?:[0-9][0-9_]*)?\.[0-9_]*(?:[eE][-+][0-9]+)?|[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_NUMBER_LENGTH_MAX = 40
_WHOLE_MAX = 2**63 - 1
"""What Kubernetes holds; beyond it a number would come back as another one."""


class Unclear(Exception):
    """The word has no one meaning that JSON can hold. `message` and `remedy` say why, and what to write.

    `discreet` says the first without the value, for places that hold secrets.
    """

    def __init__(self, message: str, remedy: str, discreet: str) -> None:
        self.message, self.remedy, self.discreet = message, remedy, discreet
        super().__init__(message)


def meaning(word: str) -> JSON:
    """The JSON value of an unquoted scalar. Raises `Unclear` where YAML 1.1 and 1.2 differ, or JSON has no such number.

    Dates are text, as everywhere in Kubernetes.
    """
    if word in _NULLS:
        return None
    if word[0] not in _FIRST:
        return word
    if _NOT_FINITE.fullmatch(word):
        raise Unclear(f"{word} is no number that JSON can hold", f'write "{word}" for the text', "not a finite number")
    if len(word) > _NUMBER_LENGTH_MAX:
        if _INT_12.fullmatch(word) or _FLOAT_12.fullmatch(word) or _INT_11.fullmatch(word) or _FLOAT_11.fullmatch(word):
            raise _too_large(word)
        return word
    old, new = _yaml_11(word), _yaml_12(word)
    if type(old) is not type(new) or old != new:
        remedy = " or ".join(repr_json(one) for one in (old, new) if not isinstance(one, str))
        raise Unclear(
            f"{word} is {_named(old)} in YAML 1.1, and {_named(new)} in YAML 1.2",
            f'write {remedy}, or "{word}" in quotes for the text',
            "without quotes, this is one thing in YAML 1.1 and another in YAML 1.2",
        )
    if (isinstance(new, int) and abs(new) > _WHOLE_MAX) or (isinstance(new, float) and not isfinite(new)):
        raise _too_large(word)
    return new


def repr_json(value: JSON) -> str:
    """A scalar as a manifest would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _too_large(word: str) -> Unclear:
    shown = word if len(word) <= _NUMBER_LENGTH_MAX else f"{word[:_NUMBER_LENGTH_MAX]}…"
    return Unclear(
        f"{shown} is too large a number", "write a smaller one, or the text in quotes", "this is too large a number"
    )


def _named(value: JSON) -> str:
    if isinstance(value, bool):
        return repr_json(value)
    return f"the text {repr_json(value)}" if isinstance(value, str) else f"the number {value}"


def _yaml_12(word: str) -> JSON:
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    if _INT_12.fullmatch(word):
        base = {"0o": 8, "0x": 16}.get(word[:2], 10)
        return int(word, base)
    return float(word) if _FLOAT_12.fullmatch(word) else word


def _yaml_11(word: str) -> JSON:
    if word in _TRUE_11 or word in _FALSE_11:
        return word in _TRUE_11
    if _INT_11.fullmatch(word):
        return _whole_11(word)
    if _FLOAT_11.fullmatch(word) and re.search("[0-9]", word):
        digits = word.replace("_", "")
        return _sixties(digits) if ":" in digits else float(digits)
    return word


def _whole_11(word: str) -> JSON:
    digits = word.replace("_", "")
    sign, digits = (-1, digits[1:]) if digits[0] == "-" else (1, digits.removeprefix("+"))
    if ":" in digits:
        return int(sign * _sixties(digits))
    base = {"0b": 2, "0x": 16}.get(digits[:2], 8 if digits.startswith("0") else 10)
    # "0x_" is left with no digit at all.
    return sign * int(digits, base) if digits not in ("0x", "0b") else word


def _sixties(digits: str) -> float:
    total = 0.0
    sign, digits = (-1, digits[1:]) if digits[0] == "-" else (1, digits.removeprefix("+"))
    for part in digits.split(":"):
        total = total * 60 + float(part)
    return sign * total
