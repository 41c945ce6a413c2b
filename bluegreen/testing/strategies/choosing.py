"""What the strategies share: choices whose simplest comes first, and fields that the caller has pinned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

import attrs
from hypothesis import strategies as st

from bluegreen.spec import BlueGreen, Rollout, RolloutPolicy

T = TypeVar("T")

Pins: TypeAlias = Mapping[str, Any]
"""Values, or strategies of values, by the names of fields."""

STRATEGY_FIELDS: Final = frozenset(one.name for one in attrs.fields(BlueGreen))
POLICY_FIELDS: Final = frozenset(one.name for one in attrs.fields(RolloutPolicy))
OWN_FIELDS: Final = frozenset(one.name for one in attrs.fields(Rollout)) - {"strategy", "policy"}

ROUND_S: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)
"""Moments and times that read well: what is drawn shrinks to one of them."""


def first(simplest: T, *others: T) -> st.SearchStrategy[T]:
    """One of these; it shrinks to the simplest."""
    return st.sampled_from((simplest, *others))


def seconds(most_s: float, least_s: float = 0.0) -> st.SearchStrategy[float]:
    """A time between the two, in seconds: a round one as often as any tenth of a second; it shrinks to a round one."""
    some = [one for one in ROUND_S if least_s <= one <= most_s]
    tenths = range(round(least_s * 10), round(most_s * 10) + 1)
    if not some:
        return st.sampled_from(tenths).map(_tenths)
    return st.integers(0, len(some) + 2 * len(tenths) - 1).map(lambda number: _moment(number, some, tenths))


def _moment(number: int, some: Sequence[float], tenths: Sequence[int]) -> float:
    """One number, and not a choice between two strategies: so Hypothesis gets from an odd moment to a round one."""
    if number < len(some):
        return some[number]
    further, odd = divmod(number - len(some), 2)
    return some[further % len(some)] if odd else _tenths(tenths[further])


def _tenths(number: int) -> float:
    return number / 10


def pinned(pins: Pins, **drawn: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    """The strategies by their names; what is pinned is what the caller says: a value, or a strategy of values.

    Raises `TypeError` for a pin that is none of these names.
    """
    if unknown := sorted(set(pins) - set(drawn)):
        raise TypeError(f"no such field: {', '.join(unknown)}; there are {', '.join(sorted(drawn))}")
    return {name: as_strategy(pins[name]) if name in pins else one for name, one in drawn.items()}


def as_strategy(value: Any) -> st.SearchStrategy[Any]:
    """The strategy, or the one that always gives this value."""
    return value if isinstance(value, st.SearchStrategy) else st.just(value)
