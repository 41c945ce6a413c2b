"""The rules for routers.

    await router.check(rule, case)      one of `RULES`: a test for each, by `pytest.mark.parametrize`
    await router.check_all(case)        all of them

Each rule has a layer of its own. Run them against the real system, not against a fake of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from bluegreen.testing.conformance.router import slots, traffic
from bluegreen.testing.conformance.router.stage import Case, On, Stage

__all__ = ["RULES", "Case", "Stage", "check", "check_all"]

RULES: Final[dict[str, Callable[[On], Awaitable[None]]]] = {
    "a look changes nothing": slots.looking_changes_nothing,
    "a write moves one slot, and the other stays": slots.the_other_slot_stays,
    "a look after a write shows it": slots.own_writes_are_seen,
    "every write changes the version, to one never used before": slots.versions_are_new,
    "a write with an old version is refused, and changes nothing": slots.old_versions_are_refused,
    "somebody else's edit is seen, and ends older versions": slots.edits_are_seen,
    "of two writes at once with one version, one wins": slots.one_of_two_wins,
    "a preview in an object of its own has a version of its own": slots.previews_have_their_own_version,
    "prepare moves no traffic": traffic.prepare_moves_nothing,
    "prepare makes these revisions addressable, and only these": traffic.only_these_are_prepared,
    "what a slot shows stays addressable": traffic.what_is_shown_stays_prepared,
    "in the end it has converged, and traffic has followed": traffic.it_converges,
    "a layer is not drained while a request is in flight": traffic.requests_in_flight_are_told,
    "cancelled at any await it stays usable, and a repeat repairs": traffic.cancelled_calls_can_be_repeated,
    "a change is never missed": traffic.changes_are_noticed,
    "errors are BackendErrors in words, in time": traffic.errors_are_in_words,
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
