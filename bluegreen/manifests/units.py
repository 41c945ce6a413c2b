"""How Kubernetes and Argo write a length of time, an amount, and a number that may be a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from bluegreen.errors import BluegreenError
from bluegreen.spec import JSON

_DURATION_UNIT_S: Mapping[str, float] = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,  # the micro sign
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "m": 60,
    "h": 3600,
}
_DURATION = re.compile(r"([+-]?)((?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_DURATION_PART = re.compile(r"([0-9.]+)([^0-9.]+)")
_LONGEST_S = 2**63 / 1e9
"""What Go's int64 of nanoseconds holds: 292 years."""

_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,3})?")
_FACTOR: Mapping[str, Decimal] = {
    **{
        suffix: Decimal(10) ** power
        for suffix, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)
    },
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}
_TEXT_MAX = 64


class UnitError(BluegreenError, ValueError):
    """A text that is not the duration, quantity or number it should be. `remedy` says what to write instead."""

    def __init__(self, message: str, remedy: str = "") -> None:
        self.remedy = remedy
        super().__init__(message)


def duration_s(text: str) -> float:
    """Seconds in a duration as Go and Argo write it: `30s`, `5m`, `1h30m`, `1.5h`, `500ms`, `-1s`, `0`.

    Raises `UnitError` for anything else, a number without a unit included.
    """
    if text == "0":
        return 0.0
    found = _DURATION.fullmatch(text) if len(text) <= _TEXT_MAX else None
    if found is None:
        remedy = f"write {text}s" if re.fullmatch(r"[0-9]{1,10}", text) else "write it like 30s, 5m or 1h30m"
        raise UnitError(f"{_shown(text)} is not a duration", remedy)
    seconds = sum(float(number) * _DURATION_UNIT_S[unit] for number, unit in _DURATION_PART.findall(found[2]))
    if seconds >= _LONGEST_S:
        raise UnitError(f"{_shown(text)} is too long a time", "the most is 292 years")
    return -seconds if found[1] == "-" else seconds


def quantity(value: JSON) -> Decimal:
    """The amount that a Kubernetes quantity stands for: `500m` is 0.5, `512Mi` is 536870912, `1e3` is 1000.

    A plain number stands for itself. Raises `UnitError` for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnitError("a quantity is a number or a text", "write it like 500m, 2 or 512Mi")
    text = str(value)
    found = _QUANTITY.fullmatch(text) if len(text) <= _TEXT_MAX else None
    if found is None:
        raise UnitError(f"{_shown(text)} is not a quantity", _quantity_remedy(text))
    number, suffix = found[1], found[2] or ""
    if suffix in _FACTOR:
        return Decimal(number) * _FACTOR[suffix]
    return Decimal(number + suffix)


def _quantity_remedy(text: str) -> str:
    if near := re.fullmatch(r"([0-9.]{1,20}) ?([kKmMgGtT])[bB]?", text):
        number, suffix = near[1], near[2].upper()
        decimal = "k" if suffix == "K" else suffix
        return f"write {number}{decimal} (powers of 1000) or {number}{suffix}i (powers of 1024)"
    return "write it like 500m, 2 or 512Mi"


def int_or_string(value: JSON) -> int | str:
    """A Kubernetes IntOrString as it is: a whole number, or a text such as a port's name or a percentage.

    Raises `UnitError` for anything else, `true` and 1.5 included.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise UnitError("a whole number or a text is needed here")
    return value


def _shown(text: str) -> str:
    return f'"{text}"' if len(text) <= _TEXT_MAX else f'"{text[:_TEXT_MAX]}…"'
