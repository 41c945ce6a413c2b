"""Which gates can be skipped, and by whom?"""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.decide.declared import gates_of
from bluegreen.gates import OnDeadline, Stage
from bluegreen.spec import OnNoData
from bluegreen.testing.verifying.declared import measured_of
from bluegreen.testing.verifying.evidence import Asking, Evidence
from bluegreen.testing.verifying.report import Answer
from bluegreen.testing.verifying.words import agreed, listed, span

ASKING = Asking("Which gates can be skipped, and by whom?", "the declaration")


def which_gates_can_be_skipped(evidence: Evidence) -> Iterator[Answer]:
    """By people, each time with their names in the record; by nobody at all; and by going back."""
    names = [gate.name for stage in _STAGES for gate in gates_of(evidence.rollout, stage)]
    if not names:
        says = "There is no gate: a build whose replicas are available gets live traffic."
        yield ASKING.warning("no-gate", says, "autoPromotionEnabled: false, or an analysis, is one")
        return
    yield _by_people(evidence, names)
    yield from _by_time(evidence)
    yield from _by_declaration(evidence)
    yield _by_going_back(evidence)


_STAGES = (Stage.PRE_PREVIEW, Stage.PRE_PROMOTION, Stage.POST_PROMOTION)


def _by_people(evidence: Evidence, names: list[str]) -> Answer:
    full = evidence.get("promoted-fully")
    says = (
        f"By whoever may command it: promote --full skips all of an attempt's ({listed(names)}), and approve --gate "
        f"NAME any one. Either is recorded, with who it was."
    )
    if full and full.seen.keeps_traffic:
        says += " A build that is bad from the start then gets live traffic, and keeps it."
    return ASKING.fine(says, full, "the declaration and one simulation" if full else "")


def _by_time(evidence: Evidence) -> Iterator[Answer]:
    """A gate that is opened by its own deadline is skipped by nobody, whenever it is late."""
    gates = [gate for stage in _STAGES for gate in gates_of(evidence.rollout, stage)]
    late = [one for one in gates if one.deadline_seconds is not None and one.on_deadline is OnDeadline.CONTINUE]
    if late:
        named = agreed([f"{one.name} (after {span(one.deadline_seconds or 0)})" for one in late], "is", "are")
        says = f"By the clock alone: {named} taken for a yes when late (onDeadline: continue)."
        never = evidence.get("hooks-never-end")
        yield ASKING.warning("skipped-by-time", says, "onDeadline: abort", never)


def _by_declaration(evidence: Evidence) -> Iterator[Answer]:
    measured = measured_of(evidence.rollout)
    if dry := [one.metric.name for one in measured if one.metric.dry_run]:
        says = f"{agreed(dry, 'is measured and decides', 'are measured and decide')} nothing (dryRun)."
        yield ASKING.warning("dry-run", says, "end the dryRun once the limits are right")
    lenient = (OnNoData.PASS, OnNoData.SKIP)
    if blind := [one.metric.name for one in measured if one.metric.on_no_data in lenient]:
        says = f"{agreed(blind, 'is', 'are')} not asked where there is no data (onNoData: pass or skip)."
        yield ASKING.warning("skipped-without-data", says, "onNoData: inconclusive, or fail")


def _by_going_back(evidence: Evidence) -> Answer:
    window = evidence.rollout.rollback_window_revisions
    says = "By going back to a build that was stable, was never taken back, and still runs"
    if window is not None:
        says += f" or is among the last {window} (rollbackWindow)"
    return ASKING.fine(f"{says}; and by a first deployment, where there is nothing to go back to.")
