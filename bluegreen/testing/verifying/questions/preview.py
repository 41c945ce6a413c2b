"""Does the preview carry the load that it is checked with?"""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.metrics.load.plan import Plan
from bluegreen.testing.verifying.declared import load_of, measured_of, preview_replicas
from bluegreen.testing.verifying.evidence import Asking, Evidence
from bluegreen.testing.verifying.report import Answer
from bluegreen.testing.verifying.words import how_many

ASKING = Asking("Does the preview carry the load that it is checked with?", "the declaration")


def whether_the_preview_carries_the_load(evidence: Evidence) -> Iterator[Answer]:
    """Requests per second for each replica of the preview, beside what one can answer and what live ones would get."""
    rollout = evidence.rollout
    active, preview = rollout.strategy.active_service, preview_replicas(rollout)
    for one in measured_of(rollout):
        load = load_of(one.metric)
        if load is not None and load.service != active and one.metric.provider and preview > 0:
            yield _answer(evidence, one.metric.name, load, preview)


def _answer(evidence: Evidence, name: str, load: Plan, preview: int) -> Answer:
    replicas, capacity = evidence.rollout.replicas, evidence.assumptions.capacity
    each = load.rate / preview
    says = f"{name} sends {load.rate:g} requests per second to {how_many(preview, 'replica')}: {each:.3g} to each"
    enough = f"previewReplicaCount: {_enough(load.rate, capacity)}" if capacity else ""
    if capacity is not None and each > capacity:
        said = f"{says}, and one can answer {capacity:g}. A good build fails its check, and is never promoted."
        remedy = f"write {enough}, or a rate of {capacity * preview:g} at most"
        return ASKING.fault("preview-too-small", said, remedy, evidence.get("preview-overloaded"))
    if capacity is not None:
        return ASKING.fine(f"{says}, and one can answer {capacity:g}.")
    if preview >= replicas:
        return ASKING.fine(f"{says}, as many as will have live traffic.")
    live, whole = load.rate / replicas, load.rate * replicas / preview
    said = (
        f"{says}, where the {replicas} that get live traffic would have {live:.3g} each. Where one cannot answer "
        f"{each:.3g}, a good build fails its check. The live load of which it is a test is {whole:g}."
    )
    remedy = f"previewReplicaCount: {replicas}, or a rate for {preview}; --assume capacity=RPS says what one can answer"
    return ASKING.warning("preview-smaller", said, remedy, evidence.get("preview-overloaded"))


def _enough(rate: float, capacity: float) -> int:
    return -int(-rate // capacity)
