"""Every counterexample of the safety model, replayed against real engines.

The model leaves out one rule at a time and finds the shortest interleaving of two engines that then does harm. Each is
played here twice: with all rules, where no harm is done, and without that rule, where it is (so the test can fail).
Late writes are those of an engine that stalls in the middle of acting and wakes up much later: nothing here rests on
time limits, which are taken away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from bluegreen.testing import invariants, virtual_time
from bluegreen.testing.trace import Trace
from tests.support import ablations, twins
from tests.support.drill import no_time_limits

Scenario = Callable[[], Awaitable[Trace]]

CASES: list[tuple[Scenario, Callable[[], AbstractContextManager[Any]], str]] = [
    (twins.a_late_promotion_after_the_retirement, ablations.no_fence, "was scaled down"),
    (twins.the_one_who_fences_dies, ablations.fences_count_when_saved, "was scaled down"),
    (twins.a_late_promotion_in_the_next_attempt, ablations.no_fence, "the write landed in attempt 3"),
    (
        twins.a_late_scale_down_of_what_is_live_again,
        ablations.scale_downs_are_not_outstanding,
        "edge shows it",
    ),
    (twins.a_retirement_on_a_stale_look, ablations.caches_pass_for_live, "edge shows it"),
    (twins.back_on_a_stale_look, ablations.caches_pass_for_live, "edge shows it"),
    (
        twins.a_late_promotion_after_the_retirement,
        ablations.layers_are_written_whatever_their_version,
        "was scaled down",
    ),
    (twins.a_late_promotion_after_there_and_back, ablations.tokens_are_hashes_of_the_content, "was scaled down"),
    (
        twins.a_late_scale_down_of_what_is_live_again,
        ablations.revisions_are_scaled_down_whatever_their_version,
        "shows it",
    ),
    (
        twins.an_old_decision_is_saved_late,
        ablations.records_are_saved_whatever_their_version,
        "edge shows it",
    ),
    (twins.back_on_a_record_read_last, ablations.the_record_is_read_last, "edge shows it"),
]
"""A scenario, the rule that makes it harmless, and the harm that follows without that rule."""


def played(scenario: Scenario) -> Trace:
    """The scenario, in virtual time and without time limits."""

    async def main() -> Trace:
        return await scenario()

    with no_time_limits():
        return virtual_time.run(main())


@pytest.mark.parametrize("scenario", dict.fromkeys(case[0] for case in CASES), ids=lambda one: one.__name__)
def test_a_stalled_engine_does_no_harm(scenario: Scenario) -> None:
    invariants.check(played(scenario))


@pytest.mark.parametrize(
    ("scenario", "without", "harm"), CASES, ids=[f"{one[0].__name__}-{one[1].__name__}" for one in CASES]
)
def test_without_the_rule_the_harm_is_done(
    scenario: Scenario, without: Callable[[], AbstractContextManager[Any]], harm: str
) -> None:
    with without():
        trace = played(scenario)
    found = list(invariants.violations(trace, 3, 4))
    assert any(harm in one for one in found), "\n".join([*found, trace.around(len(trace.moments) - 1, 100)])
