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
    return _moments(sorted({least_s, most_s, *(one for one in ROUND_S if least_s < one < most_s)}))


@st.composite
def _moments(draw: st.DrawFn, round_s: Sequence[float]) -> float:
    """A round moment, or so long before it; what is only late enough is so too without the `so long before`."""
    at = draw(st.integers(0, len(round_s) - 1))
    tenths = round((round_s[at] - round_s[at - 1]) * 10) if at else 0
    before = draw(st.integers(0, 2 * tenths - 1)) if tenths else 0
    return round(round_s[at] - before / 10, 3) if before < tenths else round_s[at]


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
