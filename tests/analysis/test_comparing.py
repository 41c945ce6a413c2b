"""Two colours held against each other: the statistics against scipy, the verdicts against what is said of them."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from bluegreen.analysis import compare
from bluegreen.analysis.comparing import SAMPLES_MAX, mann_whitney, median, needed, shift
from bluegreen.runs import AnalysisPhase
from bluegreen.spec import Comparison, Direction

SUCCESSFUL, FAILED, INCONCLUSIVE = AnalysisPhase.SUCCESSFUL, AnalysisPhase.FAILED, AnalysisPhase.INCONCLUSIVE

anything = st.floats(-1e9, 1e9).map(lambda one: round(one, 6))
tied = st.integers(0, 8).map(float)
"""Values of which many are the same."""
samples = st.one_of(st.lists(anything, min_size=1, max_size=40), st.lists(tied, min_size=1, max_size=40))


def about(center: float, spread: float, count: int = 20) -> list[float]:
    """Values spread evenly around a center, in an order that is not sorted."""
    evenly = [center + spread * (2 * index / (count - 1) - 1) for index in range(count)]
    return evenly[::2] + evenly[1::2]


def judged(preview: list[float], active: list[float], **fields: Any) -> AnalysisPhase:
    """What the comparison of these says."""
    return compare(preview, active, Comparison(**fields)).phase


@given(samples, samples)
@example([1.0, 1.0], [1.0, 1.0])
@example([float(one) for one in range(500)], [one + 400.5 for one in range(500)])
def test_the_p_value_is_scipys_to_twelve_digits(x: list[float], y: list[float]) -> None:
    theirs = stats.mannwhitneyu(x, y, alternative="two-sided", method="asymptotic", use_continuity=True)
    u, p = mann_whitney(x, y)
    assert u == float(theirs.statistic)
    assert p == pytest.approx(float(theirs.pvalue), rel=1e-12, abs=1e-300)


def slow_u(x: list[float], y: list[float], moved: float) -> float:
    """Pairs of which x, moved down by so much, is the greater one. Ties do not come up."""
    return sum(one - other > moved for one in x for other in y)


def slow_interval(x: list[float], y: list[float], confidence: float) -> tuple[float, float]:
    """The closure of all shifts that the test does not reject, by trying one in each gap between the differences."""
    steps = sorted({one - other for one in x for other in y})
    probes = [(below, above, (below + above) / 2) for below, above in pairwise(steps)]
    probes = [(-math.inf, steps[0], steps[0] - 1), *probes, (steps[-1], math.inf, steps[-1] + 1)]
    # Values of the two never tie in a gap, so that their common ties are those of two samples that lie far apart.
    apart = [*x, *(one + 10 * (max(x) - min(y) + max(y) + 1e6) for one in y)]
    spread = math.sqrt(len(x) * len(y) / 12 * (len(apart) + 1) * stats.tiecorrect(stats.rankdata(apart)))
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    kept = [
        (below, above)
        for below, above, probe in probes
        if (abs(slow_u(x, y, probe) - len(x) * len(y) / 2) - 0.5) / spread <= z
    ]
    return min((below for below, _ in kept), default=math.nan), max((above for _, above in kept), default=math.nan)


@given(st.lists(tied, min_size=2, max_size=12), st.lists(tied, min_size=2, max_size=12), st.sampled_from([0.8, 0.98]))
def test_the_interval_holds_the_shifts_that_the_test_does_not_reject(
    x: list[float], y: list[float], confidence: float
) -> None:
    low, _, high = shift(x, y, confidence)
    slow_low, slow_high = slow_interval(x, y, confidence)
    assume(not math.isnan(slow_low))
    assert (low, high) == (slow_low, slow_high)


@given(samples, samples, st.floats(0.5, 0.999))
def test_the_shift_is_the_median_of_all_differences_and_lies_in_its_interval(
    x: list[float], y: list[float], confidence: float
) -> None:
    low, estimate, high = shift(x, y, confidence)
    differences = sorted(one - other for one in x for other in y)
    assert estimate == pytest.approx(median(differences))
    assert low <= estimate <= high
    assert low == -math.inf or low in differences


@given(samples, samples)
def test_more_confidence_never_narrows_the_interval(x: list[float], y: list[float]) -> None:
    wide, narrow = shift(x, y, 0.98), shift(x, y, 0.7)
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


@given(samples, samples)
def test_the_other_way_round_it_is_the_same_interval_mirrored(x: list[float], y: list[float]) -> None:
    there, back = shift(x, y, 0.9), shift(y, x, 0.9)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_a_published_interval_comes_out() -> None:
    """Hollander and Wolfe's permeability of human tissue, with the shift that they give for it."""
    term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    early = [1.15, 0.88, 0.90, 0.74, 1.21]
    assert shift(term, early, 0.95).estimate == pytest.approx(0.305)


@pytest.mark.parametrize(
    ("direction", "above", "below"),
    [
        (Direction.HIGHER, FAILED, SUCCESSFUL),
        (Direction.LOWER, SUCCESSFUL, FAILED),
        (Direction.EITHER, FAILED, FAILED),
    ],
)
def test_the_direction_says_which_way_is_worse(
    direction: Direction, above: AnalysisPhase, below: AnalysisPhase
) -> None:
    active = about(200, 10)
    assert judged(about(300, 10), active, direction=direction) is above
    assert judged(about(100, 10), active, direction=direction) is below
    assert judged(about(201, 10), active, direction=direction) is SUCCESSFUL


def test_the_tolerance_is_a_share_of_the_active_ones_median() -> None:
    """The whole interval has to lie beyond it: a shift that may be within is not a failure."""
    active = about(200, 2)
    assert judged(about(260, 2), active, tolerance=0.25) is FAILED
    assert judged(about(251, 2), active, tolerance=0.25) is SUCCESSFUL
    assert judged(about(251, 2), active, tolerance=0.24) is FAILED
    assert judged([-one for one in about(260, 2)], [-one for one in active], tolerance=0.25) is FAILED


def test_of_a_median_of_nothing_no_share_is_allowed() -> None:
    active = [0.0] * 15 + [1.0]
    said = compare([3.0] * 10, active, Comparison(tolerance=5))
    assert said.phase is FAILED
    assert said.why == (
        "preview higher than active (median shift +3, 98% sure of at least +3; none allowed, as active's median is 0)"
    )
    assert judged([0.0] * 14 + [1.0], active) is SUCCESSFUL


def test_noise_alone_fails_nothing() -> None:
    assert judged(about(200, 90), about(205, 80)) is SUCCESSFUL


@pytest.mark.parametrize(
    ("preview", "active", "why"),
    [
        ([], [1.0] * 9, "nothing to compare: preview has no values"),
        ([1.0] * 9, [], "nothing to compare: active has no values"),
        ([], [], "nothing to compare: preview and active have no values"),
        ([math.nan] * 9, [1.0] * 9, "nothing to compare: preview has no values"),
        ([math.inf] * 9, [-math.inf], "nothing to compare: preview and active have no values"),
    ],
)
def test_a_side_without_values_has_no_verdict(preview: list[float], active: list[float], why: str) -> None:
    said = compare(preview, active, Comparison())
    assert (said.phase, said.why) == (INCONCLUSIVE, why)


@pytest.mark.parametrize("value", [1.0, 1000.0])
def test_samples_that_are_too_few_have_no_verdict_even_if_they_are_the_same(value: float) -> None:
    said = compare([value] * 4, [1.0] * 4, Comparison())
    assert said.phase is INCONCLUSIVE
    assert said.why == ("4 values of preview and 4 of active are too few to be 98% sure: 5 of each are needed")
    assert compare([value] * 5, [1.0] * 5, Comparison()).phase is (SUCCESSFUL if value == 1 else FAILED)


@given(st.floats(0.5, 1, exclude_max=True))
def test_as_many_as_are_said_to_be_needed_are_enough_and_one_fewer_is_not(confidence: float) -> None:
    each = needed(confidence)
    low, high = [float(one) for one in range(each)], [float(one + 1000) for one in range(each)]
    settings: dict[str, Any] = {"confidence": confidence, "tolerance": 0.0}
    assert judged(high, low, **settings) is FAILED
    if each > 1:
        assert judged(high[1:], low[1:], **settings) is INCONCLUSIVE


def test_two_constants_are_compared_as_they_are() -> None:
    assert judged([5.0] * 20, [5.0] * 30) is SUCCESSFUL
    assert judged([6.0] * 20, [5.0] * 30, tolerance=0.25) is SUCCESSFUL
    assert judged([6.3] * 20, [5.0] * 30, tolerance=0.25) is FAILED
    assert shift([6.3] * 5, [5.0] * 5, 0.98) == pytest.approx((1.3, 1.3, 1.3))


def test_the_same_values_in_another_order_succeed() -> None:
    said = compare(about(5, 3), sorted(about(5, 3)), Comparison(tolerance=0))
    assert (said.phase, said.why) == (SUCCESSFUL, "preview and active have the same 20 values")


def test_only_the_newest_values_count() -> None:
    active = about(100, 5, SAMPLES_MAX)
    assert judged([900.0] * 5000 + active, active) is SUCCESSFUL
    assert judged(active + about(900, 5, SAMPLES_MAX), active) is FAILED


@pytest.mark.parametrize(
    ("preview", "fields", "why"),
    [
        (
            about(224, 12),
            {"tolerance": 0.05, "direction": Direction.HIGHER},
            "preview 12% higher than active (median shift +24, 98% sure of at least +18.21; 5% allowed)",
        ),
        (
            about(170, 12),
            {"tolerance": 0.05},
            "preview 15% lower than active (median shift -30, 98% sure of at least -24.21; 5% allowed)",
        ),
        (
            [200.0] * 20,
            {},
            "preview no different from active (median shift +0, 98% sure of -4.737 to +4.737; 25% allowed)",
        ),
    ],
)
def test_it_says_why_in_words(preview: list[float], fields: dict[str, Any], why: str) -> None:
    assert compare(preview, about(200, 10), Comparison(**fields)).why == why


@given(
    st.lists(st.floats(), max_size=12),
    st.lists(st.floats(), max_size=12),
    st.floats(0, 1e300),
    st.sampled_from(Direction),
)
@example([1.7e308] * 6, [-1.7e308] * 6, 0.0, Direction.HIGHER)
@example([5e-324] * 6, [5e-324] * 7, 1.0, Direction.EITHER)
def test_no_values_at_all_make_it_raise(
    preview: list[float], active: list[float], tolerance: float, direction: Direction
) -> None:
    said = compare(preview, active, Comparison(direction, tolerance))
    assert said.phase.over
    assert said.why


def test_values_so_large_that_their_difference_is_infinite_still_fail() -> None:
    assert judged([1.7e308] * 6, [-1.7e308] * 6, tolerance=0) is FAILED
