"""What CEL's operators and functions do with values, and the work that they may do: exact, and never by accident.

Values are cel-python's. Whatever cannot be done raises `Refused`, with the reason in words; so do numbers that leave
their range, and a division by zero. NaN compares as IEEE says: unequal to all, neither above nor below.
"""

from __future__ import annotations

import math
import operator
import re
import statistics
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any, Final

from celpy.celtypes import BoolType, DoubleType, IntType, ListType, MapType, StringType

from bluegreen.conditions.patterns import pattern
from bluegreen.conditions.spans import Span, nanoseconds
from bluegreen.conditions.tokens import INT_MAX
from bluegreen.spec import JSON
from bluegreen.values import VALUE_MAX, brief, encoded

WORK_MAX: Final = 30_000
"""Evaluating a condition may take so many steps: a part evaluated, an element compared, 16 characters searched."""

Value = Any
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"(?i:[+-]?(?:inf(?:inity)?|nan))", re.ASCII)
_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Refused(Exception):
    """It cannot be evaluated; the text says why."""


class Budget:
    """The work that is left to one evaluation."""

    def __init__(self, steps: int = WORK_MAX) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Takes so many steps off. Raises `Refused` when none is left."""
        self._left -= steps
        if self._left < 0:
            raise Refused("it takes too much work: the value is too large for what is asked of it")


def cel(value: JSON) -> Value:
    """A JSON value as cel-python has it. A whole number beyond 64 bits becomes a double, as CEL reads JSON."""
    match value:
        case bool():
            return BoolType(value)
        case int() if not -INT_MAX - 1 <= value <= INT_MAX:
            try:
                return DoubleType(float(value))
            except OverflowError:
                raise Refused(f"a number of {len(str(value))} digits is too large") from None
        case int():
            return IntType(value)
        case float():
            return DoubleType(value)
        case str():
            return StringType(value)
        case list() | tuple():
            return ListType([cel(one) for one in value])
        case Mapping():
            return MapType({StringType(key): cel(one) for key, one in value.items()})
        case _:
            return None


def plain(value: Value) -> JSON:
    """A value of cel-python's as JSON; a duration in seconds."""
    match value:
        case BoolType():
            return bool(value)
        case IntType():
            return int(value)
        case DoubleType():
            return float(value)
        case ListType():
            return [plain(one) for one in value]
        case MapType():
            return {str(key): plain(one) for key, one in value.items()}
        case Span():
            return f"{value.nanoseconds / 1e9:g}s"
        case _:
            return None if value is None else str(value)


def words(value: Value) -> str:
    """The value, in few words."""
    found = plain(value)
    return brief(encoded(found), 40) if not isinstance(found, str) else f'"{brief(found, 40)}"'


def is_number(value: Value) -> bool:
    """Whether it is a number; true and false are none."""
    return isinstance(value, IntType | DoubleType)


def number(value: Value, by: str) -> int | float:
    """It as Python's, if it is a number."""
    if isinstance(value, IntType):
        return int(value)
    if isinstance(value, DoubleType):
        return float(value)
    raise Refused(f"{by} wants a number, and {words(value)} is none")


def truth(value: Value, by: str) -> bool:
    """It as Python's, if it is true or false."""
    if not isinstance(value, BoolType):
        raise Refused(f"{by} wants true or false, and {words(value)} is neither")
    return bool(value)


def _made(value: int | float) -> Value:
    if isinstance(value, float):
        return DoubleType(value)
    if not -INT_MAX - 1 <= value <= INT_MAX:
        raise Refused("a whole number leaves the range of 64 bits")
    return IntType(value)


def calculated(by: str, work: Callable[..., int | float], *values: Value) -> Value:
    """The result of arithmetic. Finite numbers give a finite one, or it is refused."""
    numbers = [number(one, by) for one in values]
    try:
        found = work(*numbers)
    except ZeroDivisionError:
        raise Refused("a division by zero: ask first whether there is anything to divide by") from None
    if isinstance(found, float) and not math.isfinite(found) and all(map(math.isfinite, numbers)):
        raise Refused(f"the result of {by} is too large a number")
    return _made(found)


def remainder(dividend: float, divisor: float) -> int | float:
    """What is left of whole numbers, with the sign of the dividend."""
    if not isinstance(dividend, int) or not isinstance(divisor, int):
        raise Refused("% wants whole numbers")
    left = abs(dividend) % abs(divisor)
    return -left if dividend < 0 else left


def absolute(value: int | float) -> int | float:
    """It without its sign."""
    return abs(value)


def ordered(op: str, left: Value, right: Value) -> Value:
    """`<`, `<=`, `>` or `>=` of two numbers, texts or durations."""
    if is_number(left) and is_number(right):
        return BoolType(_ORDERS[op](number(left, op), number(right, op)))
    for kind in (StringType, Span):
        if isinstance(left, kind) and isinstance(right, kind):
            mine, other = (str(left), str(right)) if kind is StringType else (left, right)
            return BoolType(_ORDERS[op](mine, other))
    raise Refused(f"{words(left)} {op} {words(right)} compares what has no order")


def equal(budget: Budget, left: Value, right: Value) -> bool:
    """Whether they are the same: numbers by what they are worth, all else only if of one kind."""
    budget.spend(1)
    if is_number(left) and is_number(right):
        return number(left, "==") == number(right, "==")
    if isinstance(left, ListType) and isinstance(right, ListType):
        return len(left) == len(right) and all(equal(budget, a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, MapType) and isinstance(right, MapType):
        return left.keys() == right.keys() and all(equal(budget, one, right[key]) for key, one in left.items())
    if isinstance(left, StringType) and isinstance(right, StringType):
        budget.spend(len(left) // 16)
        return str(left) == str(right)
    return type(left) is type(right) and bool(left == right)


def item(inside: Value, key: Value) -> Value:
    """`inside[key]`. A list counts from 0 and not from its end."""
    if isinstance(inside, ListType) and isinstance(key, IntType):
        if 0 <= int(key) < len(inside):
            return inside[int(key)]
        raise Refused(f"there is no item {int(key)} in a list of {len(inside)}")
    if isinstance(inside, MapType) and isinstance(key, StringType):
        if key in inside:
            return inside[key]
        raise Refused(f"there is no key {words(key)} in {words(inside)}")
    raise Refused(f"{words(inside)} has no item {words(key)}")


def read(value: Value, *, whole: bool, not_finite: bool) -> Value:
    """A number, or a text as one. `whole`: a whole one, cut off at the point. NaN and infinity come of a text only if
    the condition asks for them by name (`not_finite`), as they could pass it by accident."""
    if not isinstance(value, StringType):
        found = number(value, "int" if whole else "double")
        if whole and not math.isfinite(found):
            raise Refused(f"{words(value)} is no whole number")
        return _made(int(found) if whole else float(found))
    if whole and re.fullmatch(r"[+-]?[0-9]{1,19}", value):
        return _made(int(value))
    if not whole and len(value) <= 64 and (_NUMBER.fullmatch(value) or _NOT_FINITE.fullmatch(value)):
        told = float(value)
        if math.isfinite(told) or not_finite:
            return DoubleType(told)
    raise Refused(f"{words(value)} is no {'whole ' * whole}number that can be compared")


def numbers(values: Iterable[Value], by: str) -> list[int | float]:
    """The numbers of lists, and those between the lists."""
    found: list[int | float] = []
    for one in values:
        found += [number(each, by) for each in one] if isinstance(one, ListType) else [number(one, by)]
    return found


def concatenated(budget: Budget, left: Value, right: Value) -> Value:
    """`left + right`: a sum, a longer text, a longer list."""
    if isinstance(left, StringType) and isinstance(right, StringType):
        _grown(budget, len(left) + len(right), 16)
        return StringType(str(left) + str(right))
    if isinstance(left, ListType) and isinstance(right, ListType):
        _grown(budget, len(left) + len(right), 1)
        return ListType([*left, *right])
    return calculated("+", operator.add, left, right)


def _grown(budget: Budget, length: int, each: int) -> None:
    if length > VALUE_MAX:
        raise Refused(f"+ makes something of {length} parts, and the most is {VALUE_MAX}")
    budget.spend(1 + length // each)


def matches(budget: Budget, text: str, wanted: str) -> bool:
    """Whether the pattern is found anywhere in the text, in time linear in its length."""
    budget.spend(1 + len(text) // 16)
    return pattern(wanted).search(text) is not None


def span(value: Value) -> Span:
    """A text as a duration."""
    found = nanoseconds(str(value)) if isinstance(value, StringType) else None
    if found is None:
        raise Refused(f"{words(value)} is no duration")
    return Span(found)


def summary(by: str, values: Iterable[Value]) -> Value:
    """sum, mean, median, min or max of numbers. NaN if any of them is; of none there is only the sum."""
    found = numbers(values, by)
    if not found and by != "sum":
        raise Refused(f"{by} of nothing")
    if any(math.isnan(one) for one in found):
        return DoubleType(math.nan)
    work: Mapping[str, Callable[[list[int | float]], int | float]] = {
        "sum": _added,
        "mean": lambda given: _added(given) / len(given),
        "median": statistics.median,
        "min": min,
        "max": max,
    }
    return calculated(by, lambda *given: work[by](list(given)), *map(_made, found))


def _added(given: Iterable[int | float]) -> int | float:
    """One after the other, as expr-lang does: Python's sum() gives other last digits from one version to the next."""
    return reduce(operator.add, given, 0)
