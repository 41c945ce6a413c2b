"""Two colours held against each other: Mann-Whitney's test, and the Hodges-Lehmann shift with its interval.

As Kayenta's judge does it: what decides is the interval of the shift, not the p value. Sources: H. B. Mann and
D. R. Whitney, "On a test of whether one of two random variables is stochastically larger than the other" (1947);
J. L. Hodges and E. L. Lehmann, "Estimates of location based on rank tests" (1963); M. Hollander and D. A. Wolfe,
"Nonparametric statistical methods", section 4.3 (the interval).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

from attrs import frozen

from bluegreen.runs import AnalysisPhase
from bluegreen.spec import Comparison, Direction

SAMPLES_MAX: Final = 200
"""Of each colour so many values are compared, the newest: the work grows with their product."""


@frozen
class Compared:
    """What came of a comparison: Successful, Failed or Inconclusive, and why in words."""

    phase: AnalysisPhase
    why: str


class Shift(NamedTuple):
    """By how much the first sample lies above the second: the estimate, and the ends of its interval.

    Too few samples for the confidence asked for have an interval without ends: from -inf to inf.
    """

    low: float
    estimate: float
    high: float


def compare(preview: Sequence[float], active: Sequence[float], comparison: Comparison) -> Compared:
    """Whether the new revision's values are worse than the active one's, beyond the tolerance, with confidence.

    Failed when the whole interval of the shift is worse, in the direction that is, than `tolerance` times the absolute
    median of the active one's values; of a median of 0 any share is 0, so any shift that is sure fails. Successful
    otherwise: what cannot be told apart is not worse. The stated answers, in this order: a side with no values, or too
    few on both for this confidence ever to be reached, is Inconclusive; two samples of the same values succeed; two
    constants need no statistics, and are compared as they are (their interval is one point).

    Takes the newest `SAMPLES_MAX` of each, given oldest first; values that are not finite are left out. Never raises.
    """
    ours, theirs = _newest(preview), _newest(active)
    if not ours or not theirs:
        side = "preview and active have" if not ours and not theirs else "preview has" if not ours else "active has"
        return Compared(AnalysisPhase.INCONCLUSIVE, f"nothing to compare: {side} no values")
    if not _reachable(len(ours), len(theirs), comparison.confidence):
        return Compared(AnalysisPhase.INCONCLUSIVE, _too_few(len(ours), len(theirs), comparison.confidence))
    if sorted(ours) == sorted(theirs):
        return Compared(AnalysisPhase.SUCCESSFUL, f"preview and active have the same {len(ours)} values")
    middle = median(theirs)
    allowed = comparison.tolerance * abs(middle)
    found = shift(ours, theirs, comparison.confidence)
    higher = comparison.direction is not Direction.LOWER and found.low > allowed
    lower = comparison.direction is not Direction.HIGHER and found.high < -allowed
    phase = AnalysisPhase.FAILED if higher or lower else AnalysisPhase.SUCCESSFUL
    return Compared(phase, _words(found, middle, comparison))


def needed(confidence: float) -> int:
    """How many values of each colour it takes before a shift can be told with this confidence."""
    each = 1
    while not _reachable(each, each, confidence):
        each += 1
    return each


def mann_whitney(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """U of the first sample, and the two-sided p value: the normal approximation, corrected for ties and continuity.

    Both samples have to have finite values. When all values are the same nothing speaks for a difference: p is 1.
    """
    mean = len(x) * len(y) / 2
    u = _u(x, y)
    sigma = _sigma(len(x), len(y), Counter([*x, *y]).values())
    if not sigma:
        return u, 1.0
    z = (abs(u - mean) - 0.5) / sigma
    return u, min(1.0, math.erfc(z / math.sqrt(2)))


def shift(x: Sequence[float], y: Sequence[float], confidence: float) -> Shift:
    """The Hodges-Lehmann shift of x from y, and the interval that holds it with this (two-sided) confidence.

    The estimate is the median of all pairwise differences. The interval is that of all shifts which the corrected test
    of `mann_whitney` would not reject. Kayenta, like R's wilcox.test, looks for its ends with Brent's root finder on a
    statistic that is a staircase; here they are read off the sorted differences, which is exact: between two of them
    the statistic does not change (no value of x - shift ties with one of y there, so that only the ties within each
    sample count), and from one gap to the next it falls by the number of the differences passed.
    """
    differences = sorted(one - other for one in x for other in y)
    pairs = len(differences)
    ties = [*Counter(x).values(), *Counter(y).values()]
    reach = _quantile(confidence) * _sigma(len(x), len(y), ties) + 0.5
    first = max(math.ceil(pairs / 2 - reach), 0)
    low, high = (differences[first - 1], differences[pairs - first]) if first else (-math.inf, math.inf)
    return Shift(low, median(differences), high)


def median(values: Sequence[float]) -> float:
    """The middle of the sorted values, or halfway between the two that are; finite if they are."""
    ordered = sorted(values)
    below, above = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return below if below == above else below / 2 + above / 2


def _newest(values: Sequence[float]) -> list[float]:
    return [one for one in values if math.isfinite(one)][-SAMPLES_MAX:]


def _u(x: Sequence[float], y: Sequence[float]) -> float:
    """How many pairs have the value of x above that of y; a tie is half a pair. By the ranks, as it is quicker."""
    tagged = sorted([(one, True) for one in x] + [(one, False) for one in y])
    ranks, at = 0.0, 0
    while at < len(tagged):
        end = at
        while end < len(tagged) and tagged[end][0] == tagged[at][0]:
            end += 1
        ranks += sum(ours for _, ours in tagged[at:end]) * (at + 1 + end) / 2
        at = end
    return ranks - len(x) * (len(x) + 1) / 2


def _sigma(n: int, m: int, ties: Iterable[int] = ()) -> float:
    """The standard deviation of U when nothing is different; `ties` are the sizes of the groups of equal values."""
    total = n + m
    tied = sum(one**3 - one for one in ties)
    return math.sqrt(n * m / 12 * (total + 1 - tied / (total * (total - 1))))


def _quantile(confidence: float) -> float:
    return -NormalDist().inv_cdf((1 - confidence) / 2)


def _reachable(n: int, m: int, confidence: float) -> bool:
    """Whether samples of this size could ever tell a difference: if all of one lay above all of the other."""
    return n * m / 2 - 0.5 > _quantile(confidence) * _sigma(n, m)


def _too_few(n: int, m: int, confidence: float) -> str:
    sure = f"{confidence * 100:g}% sure"
    return f"{n} values of preview and {m} of active are too few to be {sure}: {needed(confidence)} of each are needed"


def _words(found: Shift, middle: float, comparison: Comparison) -> str:
    """`preview 12% higher than active (median shift +24, 98% sure of at least +11; 10% allowed)`."""
    share = f"{abs(found.estimate / middle) * 100:.3g}% " if middle else ""
    way = "higher than" if found.estimate > 0 else "lower than"
    which = f"preview {share}{way} active" if found.estimate else "preview no different from active"
    if found.low > 0:
        sure = f"at least {found.low:+.4g}"
    elif found.high < 0:
        sure = f"at least {found.high:+.4g}"
    else:
        sure = f"{found.low:+.4g} to {found.high:+.4g}"
    allowed = f"{comparison.tolerance * 100:g}% allowed" if middle else "none allowed, as active's median is 0"
    return f"{which} (median shift {found.estimate:+.4g}, {comparison.confidence * 100:g}% sure of {sure}; {allowed})"
