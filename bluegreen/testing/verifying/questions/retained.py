"""Is what the way back needs retained?"""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.testing.verifying.evidence import Asking, Evidence
from bluegreen.testing.verifying.report import Answer
from bluegreen.testing.verifying.words import FOR_EVER, span

ASKING = Asking("Is what the way back needs retained?")


def what_is_retained(evidence: Evidence) -> Iterator[Answer]:
    """Whether the build before is still there when somebody, or something, would want it back."""
    good = evidence.tried["good"]
    if good.seen.live_at_s is None:
        return
    kept_s = FOR_EVER if good.seen.retired_at_s is None else good.seen.retired_at_s - good.seen.live_at_s
    yield _previous(evidence, kept_s)
    yield from _declared(evidence)


def _previous(evidence: Evidence, kept_s: float) -> Answer:
    assumptions, strategy = evidence.assumptions, evidence.rollout.strategy
    shows_s = assumptions.detect_s
    plain = evidence.get(f"bad-after-{span(shows_s)}")
    unnoticed = plain is not None and plain.seen.keeps_traffic
    delay = f"scaleDownDelaySeconds is {strategy.scale_down_delay_seconds}"
    if strategy.scale_down_delay_revision_limit == 0:
        delay = "scaleDownDelayRevisionLimit is 0"
    remedy = "write scaleDownDelaySeconds: 600, for instance, and no scaleDownDelayRevisionLimit of 0"
    if unnoticed and kept_s <= shows_s:
        says = (
            f"No: the build before is retired {span(kept_s)} after traffic has moved ({delay}), before a bad build "
            f"shows ({span(shows_s)}), and no gate notices one. The way back is then a deployment of its own."
        )
        return ASKING.fault("no-way-back", says, f"{remedy}; declare a postPromotionAnalysis", plain)
    wanted_s = shows_s + assumptions.react_s
    if kept_s <= wanted_s and (unnoticed or strategy.post_promotion_analysis is None):
        says = (
            f"For {span(kept_s)} after traffic has moved ({delay}). A person who aborts {span(assumptions.react_s)} "
            f"after a bad build shows comes too late: that is {span(wanted_s)}."
        )
        return ASKING.warning("retained-too-briefly", says, remedy, evidence.tried["good"])
    if strategy.scale_down_delay_seconds == 0 or strategy.scale_down_delay_revision_limit == 0:
        says = f"Only until the gates have answered, {span(kept_s)} after traffic has moved ({delay})."
        return ASKING.warning("retained-too-briefly", says, remedy, evidence.tried["good"])
    says = f"Yes: the build before runs for {span(kept_s)} after traffic has moved ({delay})."
    return ASKING.fine(says, evidence.tried["good"])


def _declared(evidence: Evidence) -> Iterator[Answer]:
    rollout, strategy = evidence.rollout, evidence.rollout.strategy
    if strategy.abort_scale_down_delay_seconds == 0:
        says = "An aborted build keeps its replicas for good: that is what abortScaleDownDelaySeconds 0 means."
        yield ASKING.warning("kept-for-good", says, "write 1 or more, if that is not meant")
    if rollout.revision_history_limit == 0:
        says = "Of builds that are retired nothing is left to undo to: revisionHistoryLimit is 0."
        yield ASKING.warning("no-history", says, "write revisionHistoryLimit: 10, for instance")
