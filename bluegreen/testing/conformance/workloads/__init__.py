"""The rules for `Workloads`.

    await workloads.check(rule, case)      one of `RULES`: a test for each, by `pytest.mark.parametrize`
    await workloads.check_all(case)        all of them

Each rule has a world of its own. Run them against the real system, not against a fake of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from bluegreen.testing.conformance.workloads import lifecycle, writes
from bluegreen.testing.conformance.workloads.stage import Case, On, Stage

__all__ = ["RULES", "Case", "Stage", "check", "check_all"]

RULES: Final[dict[str, Callable[[On], Awaitable[None]]]] = {
    "the same template always has the same name": lifecycle.names_stay,
    "a look changes nothing": lifecycle.looking_changes_nothing,
    "ensure makes the revision of the template, and no other": lifecycle.ensure_makes_its_own,
    "ensure never lowers": lifecycle.ensure_never_lowers,
    "retire never raises": lifecycle.retire_never_raises,
    "only a revision without replicas is forgotten, and twice is no error": lifecycle.only_the_empty_is_forgotten,
    "ordinals grow, and never change": lifecycle.ordinals_grow,
    "availability, addresses and templates are told": lifecycle.what_is_there_is_told,
    "nothing is available before it was ready for minReadySeconds": lifecycle.availability_takes_its_time,
    "every write changes the version, to one never used before": writes.versions_are_new,
    "a scale-down with an old version is refused, and changes nothing": writes.old_versions_are_refused,
    "a look after a write shows it": writes.own_writes_are_seen,
    "of two scale-downs at once with one version, one wins": writes.one_of_two_wins,
    "cancelled at any await it stays usable, and a repeat repairs": writes.cancelled_writes_can_be_repeated,
    "a change is never missed": writes.changes_are_noticed,
    "errors are BackendErrors in words, in time": writes.errors_are_in_words,
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
