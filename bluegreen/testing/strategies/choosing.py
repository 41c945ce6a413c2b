"""What the strategies share: choices whose simplest comes first, and fields that the caller has pinned."""

from __future__ import annotations

from collections.abc import Mapping
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
    """A time between the two, in seconds: a round one, or any tenth of a second."""
    some = [one for one in ROUND_S if least_s <= one <= most_s]
    any_tenth = st.integers(round(least_s * 10), round(most_s * 10)).map(lambda tenths: tenths / 10)
    return (st.sampled_from(some) | any_tenth) if some else any_tenth


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
