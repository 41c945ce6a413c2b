"""Rollouts by chance: every field that decides, two layers or three more often than one."""

from __future__ import annotations

from typing import Any, Final

from bluegreen.gates import ClockGate, Gate, ManualGate, Stage
from bluegreen.spec import (
    Analysis,
    BlueGreen,
    Comparison,
    Direction,
    Hook,
    HookPoint,
    Metric,
    OnDeadline,
    OnFailure,
    OnNoData,
    Rollout,
    RolloutPolicy,
    RouterSpec,
)
from bluegreen.testing.soak.chance import Chance

LAYERS: Final = (RouterSpec("service", "edge"), RouterSpec("istio", "mesh"), RouterSpec("haproxy", "haproxy"))
_TEMPLATE: Final = {"spec": {"containers": [{"name": "shop", "image": "shop:stable"}]}}
_ALONE: Final = (("result >= 0.95", ""), ("", "result < 0.95"), ("result >= 0.95", "result < 0.5"))
_OF_BOTH: Final = (("result.preview <= result.active * 1.2", ""), ("", "result.preview > result.active * 2.0"))


def a_rollout(chance: Chance) -> Rollout:
    """A rollout that a person could have declared."""
    limit = chance.one(None, None, None, 0, 1)
    strategy = BlueGreen(
        "shop",
        chance.one("", "shop-preview"),
        chance.one(None, None, 1, 2),
        auto_promotion_enabled=not chance.once_in(4),
        auto_promotion_seconds=chance.one(0, 0, 0, 5, 60),
        scale_down_delay_seconds=chance.one(30, 30, 0, 5, 600),
        scale_down_delay_revision_limit=limit,
        abort_scale_down_delay_seconds=chance.one(30, 30, 0, 5, 600),
        pre_promotion_analysis=_analysis(chance) if chance.once_in(3) else None,
        post_promotion_analysis=_analysis(chance) if chance.once_in(3) else None,
    )
    return Rollout(
        "shop",
        strategy,
        _TEMPLATE,
        replicas=chance.one(1, 2, 3, 4),
        min_ready_seconds=chance.one(0, 0, 3, 30),
        progress_deadline_seconds=chance.one(60, 120, 600),
        progress_deadline_abort=chance.one(False, True),
        rollback_window_revisions=chance.one(None, None, 0, 1, 2),
        revision_history_limit=max(chance.one(10, 10, 0, 1, 2), limit or 0),
        policy=_policy(chance),
        gates=_gates(chance),
    )


def _policy(chance: Chance) -> RolloutPolicy:
    points = chance.some(list(HookPoint), 2) if chance.once_in(2) else ()
    return RolloutPolicy(
        LAYERS[: chance.one(1, 2, 2, 3)],
        layer_deadline_seconds=chance.one(120, 20, 10),
        settle_seconds=chance.one(2, 2, 0, 0.5, 4),
        drain_min_seconds=chance.one(5, 5, 0, 1, 30),
        on_failure=chance.one(OnFailure.ROLLBACK, OnFailure.ROLLBACK, OnFailure.FREEZE),
        hooks=tuple(_hook(chance, point) for point in points),
    )


def _hook(chance: Chance, point: HookPoint) -> Hook:
    late = [one for one in OnDeadline if not (one is OnDeadline.HOLD and point is HookPoint.ON_ABORT)]
    return Hook("migrate", point, "command", {"argv": ["migrate"]}, {}, chance.one(600, 5, 60), chance.one(*late))


def _gates(chance: Chance) -> tuple[Gate, ...]:
    if not chance.once_in(4):
        return ()
    stage, deadline = chance.one(*Stage), chance.one(None, 10, 300)
    manual: Gate = ManualGate("signed off", stage, deadline, chance.one(*OnDeadline))
    clock: Gate = ClockGate(chance.one(0, 5, 60), "soaked", chance.one(*Stage))
    return chance.one((manual,), (clock,), (manual, clock))


def _analysis(chance: Chance) -> Analysis:
    return Analysis(tuple(_metric(chance, name) for name in ("errors", "latency")[: chance.one(1, 1, 2)]))


def _metric(chance: Chance, name: str) -> Metric:
    count = chance.one(None, 1, 2, 3, 5)
    most = count or 1
    streak = chance.one(0, 0, 0, min(most, 2))
    both, comparison = chance.once_in(3), None
    success, failure = chance.one(*(_OF_BOTH if both else _ALONE))
    if both and chance.once_in(2):
        success, failure = "", ""
        comparison = Comparison(chance.one(*Direction), chance.one(0.25, 0.0), chance.one(0.98, 0.5))
    fields: dict[str, Any] = {
        "count": count,
        "interval_seconds": chance.one(1.0, 5.0, 30.0) if most > 1 else 0.0,
        "initial_delay_seconds": chance.one(0.0, 0.0, 5.0, 60.0),
        "failure_limit": chance.luck.randint(-1 if streak else 0, min(most - streak, 2)),
        "inconclusive_limit": chance.luck.randint(0, min(most, 2)),
        "consecutive_error_limit": chance.one(4, 0, 1),
        "consecutive_success_limit": streak,
        "dry_run": chance.once_in(6),
        "retention": chance.one(10, 1, 2),
        "on_no_data": chance.one(None, None, *OnNoData),
        "min_samples": chance.one(None, None, *range(min(most, 3) + 1)),
        "timeout_seconds": chance.one(30.0, 1.0, 5.0),
        "error_backoff_seconds": chance.one(10.0, 1.0),
        "error_total_seconds": chance.one(300.0, 0.0, 20.0),
    }
    query = {"query": "errors", **({"revision": "{{revision}}"} if both else {})}
    return Metric(name, "prometheus", query, success, failure, comparison=comparison, **fields)
