"""Decisions a second: of a settled rollout, and of one in mid-release over three layers."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bluegreen import Record, Rollout, RouterState, Snapshot, Target, decide
from bluegreen.codec import dump_record
from bluegreen.snapshot import LayerSeen, Observed, RevisionState, WorkloadsState
from bluegreen.spec import BlueGreen, RevisionId

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW = RevisionId("old"), RevisionId("new")
SECONDS = 2.0


def _rate(work: Callable[[], object]) -> float:
    """Calls a second, the best of three runs of a third of `SECONDS` each."""
    best = 0.0
    for _ in range(3):
        count, began = 0, time.perf_counter()
        while (passed := time.perf_counter() - began) < SECONDS / 3:
            for _ in range(100):
                work()
            count += 100
        best = max(best, count / passed)
    return best


def _look(rollout: Rollout, revisions: tuple[RevisionId, ...], layers: int) -> Snapshot:
    states = tuple(
        RevisionState(one, number, rollout.replicas, rollout.replicas, f"v{number}", addresses=("a:1", "b:1"))
        for number, one in enumerate(revisions)
    )
    prepared = frozenset(Target(one.id, one.addresses) for one in states)
    router = RouterState(OLD, "v", preview=revisions[-1], probed=True, prepared=prepared)
    seen = tuple(LayerSeen(f"layer{number}", Observed(router, NOW)) for number in range(layers))
    return Snapshot(Observed(WorkloadsState(revisions[-1], states), NOW), seen, NOW - timedelta(hours=1))


def _rested(rollout: Rollout, look: Snapshot) -> Record:
    """The record after deciding on the same look until nothing changes any more."""
    record: Record | None = None
    for second in range(30):
        record = decide(rollout, record, look, NOW + timedelta(seconds=second)).record
    assert record is not None
    return record


def main() -> None:
    """Prints both rates, beside that of writing the same record as JSON."""
    rollout = Rollout("shop", BlueGreen("shop", "shop-preview", auto_promotion_enabled=False), replicas=2)
    later = NOW + timedelta(minutes=1)
    cases = {
        "settled, 1 layer": _look(rollout, (OLD,), 1),
        "in mid-release, 3 layers": _look(rollout, (OLD, NEW), 3),
    }
    for name, look in cases.items():
        record = _rested(rollout, look)
        decisions = _rate(lambda look=look, record=record: decide(rollout, record, look, later))  # type: ignore[misc]
        dumps = _rate(lambda record=record: dump_record(record))  # type: ignore[misc]
        phase = type(record.phase).__name__
        print(
            f"{name} ({phase}): {decisions:,.0f} decisions/s, {decisions / dumps:.1f} x the rate of writing its record"
        )
