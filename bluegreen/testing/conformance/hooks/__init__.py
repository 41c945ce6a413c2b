"""The rules for `Hooks`.

    await hooks.check(rule, case)      one of `RULES`: a test for each, by `pytest.mark.parametrize`
    await hooks.check_all(case)        all of them

Each rule has a place of its own. Run them with real steps: programs, requests, jobs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from bluegreen.testing.conformance.hooks import keys, steps
from bluegreen.testing.conformance.hooks.stage import Case, On, Stage

__all__ = ["RULES", "Case", "Stage", "check", "check_all"]

RULES: Final[dict[str, Callable[[On], Awaitable[None]]]] = {
    "a step that ends well has a value and no error": steps.success_has_a_value,
    "a step that fails says why, and is not tried again": steps.failure_says_why,
    "a step that did not happen and may later says so": steps.what_may_pass_says_so,
    "a hook that makes no sense is refused for good": steps.nonsense_is_refused,
    "a step that runs has no outcome, and then always the same": steps.outcomes_stay,
    "a key that was never started does not run": steps.unknown_is_an_error,
    "started again under its key, it does not happen again": keys.started_again_it_does_nothing,
    "each key is a step of its own": keys.each_key_is_a_step,
    "two that start it at once start one step": keys.two_start_one_step,
    "after a crash a step is found again by its key": keys.a_crash_loses_no_step,
    "cancelled, a step stops with an error, for good": keys.cancelled_it_stops,
    "cancelling what has ended, or never began, changes nothing": keys.cancelling_is_harmless,
    "interrupted at any await it stays usable, and a repeat repairs": keys.interrupted_calls_can_be_repeated,
}
"""Each rule's name, in a sentence, and its check."""


async def check(rule: str, case: Case) -> None:
    """Raises `Violation` when the adapter breaks this rule, whose name is a key of `RULES`."""
    async with case.make() as stage:
        await RULES[rule](On(stage, case))


async def check_all(case: Case) -> None:
    """Raises `Violation` at the first rule that the adapter breaks."""
    for rule in RULES:
        await check(rule, case)
