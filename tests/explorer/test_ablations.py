"""Each rule that keeps stalled twins harmless is needed: without it the search finds the harm, and with all, none.

The rules are those of the design that was model-checked before there was any code; here the real one is searched.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from bluegreen.testing.explorer import Guards
from tests.explorer import rules_off
from tests.explorer.scopes import explored, quick

pytestmark = pytest.mark.property

ROLLOUT = quick(scale_down_delay_seconds=0, abort_scale_down_delay_seconds=1)
RETRIED: dict[str, Any] = {"commands": ("abort", "retry")}
ABORTED: dict[str, Any] = {"commands": ("abort",)}
Case = tuple[Callable[[], AbstractContextManager[Any]], Guards, dict[str, Any], str]

WITHOUT: dict[str, Case] = {
    "no fence": (rules_off.no_fence, Guards(), ABORTED, "scaled v2 down while layer edge shows it"),
    "intents replaced": (
        rules_off.intents_replaced,
        Guards(),
        {**ABORTED, "crashes": 1},
        "scaled v2 down while layer edge shows it",
    ),
    "no fence of scale-downs": (rules_off.no_wfence, Guards(), RETRIED, "scaled v2 down while layer edge shows it"),
    "no compare-and-swap on layers": (
        nullcontext,
        Guards(cas_layers=False),
        ABORTED,
        "scaled v2 down while layer edge shows it",
    ),
    "content hashes as tokens": (
        nullcontext,
        Guards(tokens_are_unique=False),
        ABORTED,
        "scaled v2 down while layer edge shows it",
    ),
    "no compare-and-swap on workloads": (
        nullcontext,
        Guards(cas_workloads=False),
        RETRIED,
        "scaled v2 down while layer edge shows it",
    ),
    "no compare-and-swap on the record": (
        nullcontext,
        Guards(cas_record=False),
        RETRIED,
        "the write landed in attempt 1",
    ),
    "record read last": (nullcontext, Guards(record_first=False), ABORTED, "at v1, which was scaled down"),
    "retry at any time": (rules_off.retry_at_any_time, Guards(), RETRIED, "the write landed in attempt 3"),
    "stale looks counted as live": (
        nullcontext,
        Guards(caches="live"),
        ABORTED,
        "scaled v2 down while layer edge shows it",
    ),
}
"""What is taken away, what may happen besides stalls, and the harm that follows."""


@pytest.mark.parametrize("name", WITHOUT)
def test_without_the_rule_harm_is_found(name: str) -> None:
    without, guards, bounds, harm = WITHOUT[name]
    with without():
        found = explored(ROLLOUT, guards=guards, limit_states=60_000, **bounds)
    assert found.violation is not None, f"nothing in {found.states} states"
    assert harm in found.violation.harm, found.violation.script()


@pytest.mark.timeout(150)
def test_with_all_rules_there_is_no_harm_in_any_interleaving() -> None:
    """What harms within these bounds without a rule does not with it: nothing is left out here."""
    found = explored(ROLLOUT, **RETRIED)
    assert found.violation is None, found.violation.script()
    assert found.complete


@pytest.mark.timeout(150)
def test_with_all_rules_a_crash_does_no_harm_either() -> None:
    found = explored(quick(), **ABORTED, crashes=1)
    assert found.violation is None, found.violation.script()
    assert found.complete


def test_a_cache_that_says_so_does_no_harm() -> None:
    found = explored(ROLLOUT, guards=Guards(caches="marked"), limit_states=10_000, **ABORTED)
    assert found.violation is None, found.violation.script()
