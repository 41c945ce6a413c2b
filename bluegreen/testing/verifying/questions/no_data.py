"""Can it promote with no data?"""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.spec import OnNoData
from bluegreen.testing.verifying.declared import Measured, deciding
from bluegreen.testing.verifying.evidence import Asking, Evidence, Tried, longest, tried_words
from bluegreen.testing.verifying.report import Answer
from bluegreen.testing.verifying.words import listed, span

ASKING = Asking("Can it promote with no data?")
_NAMES = {
    "no-data": "with no data in any metric",
    "nan": "with NaN in every metric",
    "errors": "with no metric provider answering",
}


def with_no_data(evidence: Evidence) -> Iterator[Answer]:
    """Whether a release goes through that nothing was known of."""
    strategy = evidence.rollout.strategy
    if strategy.pre_promotion_analysis is None:
        says = "Nothing is measured before traffic moves: that its replicas are ready is all that is known of a build."
        yield ASKING.warning(
            "nothing-measured-before", says, "declare a prePromotionAnalysis", rests_on="the declaration"
        )
        if strategy.post_promotion_analysis is None:
            return
    silent = [one for name in _NAMES if (one := evidence.get(name))]
    through = [one for one in silent if _went_through(evidence, one)]
    for one in through:
        yield _promoted(evidence, one)
    late = evidence.get("no-data-when-live")
    if late and late.seen.healthy_at_s is not None and not through:
        says = "A release is completed though nothing was measured once it was live."
        yield ASKING.fault("no-data", says, _remedy(_blind(evidence)), late)
        through = [late]
    if through:
        return
    if blind := _blind(evidence):
        names = listed([one.metric.name for one in blind])
        says = f"{names} can succeed without a single value; the other metrics cannot, and so the release does not."
        yield ASKING.warning("blind-metric", says, _remedy(blind), rests_on="the declaration")
    if held := [one for one in silent if one.seen.live_at_s is not None]:
        yield _live(held)
        return
    tried = [*silent, *([late] if late else [])]
    yield ASKING.fine(f"No: it was not promoted {listed(list(_NAMES.values()))}.", rests_on=tried_words(tried))


def _went_through(evidence: Evidence, one: Tried) -> bool:
    """Traffic moved though there was an analysis before it; or, without one, the release was completed."""
    if evidence.rollout.strategy.pre_promotion_analysis is None:
        return one.seen.healthy_at_s is not None
    return one.seen.live_at_s is not None


def _live(held: list[Tried]) -> Answer:
    """Nothing is measured before, and the analysis after the promotion has no data: it holds the completion at most."""
    keeps = [one for one in held if one.seen.keeps_traffic]
    if not keeps:
        worst = longest(held, lambda one: one.seen.live_s) or held[0]
        says = f"Live traffic moves with no data, and is taken back after {span(worst.seen.live_s)} at worst."
        return ASKING.warning("live-with-no-data", says, "declare a prePromotionAnalysis", worst, tried_words(held))
    says = (
        "Live traffic moves with no data, and stays with the new build until a person acts: only the completion of the "
        "release is held."
    )
    remedy = "declare a prePromotionAnalysis; onNoData: fail takes it back by itself (policy.metrics)"
    return ASKING.warning("live-with-no-data", says, remedy, keeps[0], tried_words(held))


def _promoted(evidence: Evidence, one: Tried) -> Answer:
    blind = _blind(evidence)
    how = _NAMES[one.scenario.name]
    says = f"It is promoted {how}"
    if blind:
        says += f": {listed([_why(metric) for metric in blind])}"
    elif not deciding(evidence.rollout):
        says += ": every metric is a dry run, and decides nothing"
    return ASKING.fault("no-data", f"{says}.", _remedy(blind), one)


def _blind(evidence: Evidence) -> list[Measured]:
    """Metrics that decide, and need no real value; each name once."""
    found = {one.metric.name: one for one in deciding(evidence.rollout) if one.blind_is_fine}
    return list(found.values())


def _why(one: Measured) -> str:
    metric = one.metric
    if metric.on_no_data is OnNoData.PASS:
        return f"{metric.name} has onNoData: pass"
    condition = metric.success_condition or f"not {metric.failure_condition}"
    return f"{metric.name} takes no data for a success ({condition}) and needs no real value (minSamples: 0)"


def _remedy(blind: list[Measured]) -> str:
    names = listed([one.metric.name for one in blind])
    return f"write minSamples: 1 for {names}, or onNoData: fail (policy.metrics)" if blind else "make a metric decide"
