"""What makes a declared rollout unusable, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bluegreen.errors import Problem
from bluegreen.spec.check_analysis import MOST, analysis_problems, hook_problems

if TYPE_CHECKING:
    from bluegreen.spec.rollout import Rollout

PROMOTION = "promotion"
"""The name of the gate that `promote` opens."""
PRE_ANALYSIS, POST_ANALYSIS = "prePromotionAnalysis", "postPromotionAnalysis"
"""The names of the gates that measure, and of the fields that declare them."""

_AT_LEAST: Sequence[tuple[tuple[str, ...], int, tuple[str, ...]]] = (
    (("replicas",), 0, ("spec", "replicas")),
    (("min_ready_seconds",), 0, ("spec", "minReadySeconds")),
    (("progress_deadline_seconds",), 1, ("spec", "progressDeadlineSeconds")),
    (("rollback_window_revisions",), 0, ("spec", "rollbackWindow", "revisions")),
    (("revision_history_limit",), 0, ("spec", "revisionHistoryLimit")),
    (("successful_run_history_limit",), 0, ("spec", "analysis", "successfulRunHistoryLimit")),
    (("unsuccessful_run_history_limit",), 0, ("spec", "analysis", "unsuccessfulRunHistoryLimit")),
    (("strategy", "preview_replica_count"), 1, ("spec", "strategy", "blueGreen", "previewReplicaCount")),
    (("strategy", "auto_promotion_seconds"), 0, ("spec", "strategy", "blueGreen", "autoPromotionSeconds")),
    (("strategy", "scale_down_delay_seconds"), 0, ("spec", "strategy", "blueGreen", "scaleDownDelaySeconds")),
    (
        ("strategy", "scale_down_delay_revision_limit"),
        0,
        ("spec", "strategy", "blueGreen", "scaleDownDelayRevisionLimit"),
    ),
    (
        ("strategy", "abort_scale_down_delay_seconds"),
        0,
        ("spec", "strategy", "blueGreen", "abortScaleDownDelaySeconds"),
    ),
    (("policy", "layer_deadline_seconds"), 1, ("spec", "policy", "layerDeadlineSeconds")),
    (("policy", "settle_seconds"), 0, ("spec", "policy", "settleSeconds")),
    (("policy", "drain_min_seconds"), 0, ("spec", "policy", "drain", "minSeconds")),
)
"""(attribute, least value, the manifest's path); a None is absent, and always fine."""


def problems(rollout: Rollout) -> list[Problem]:
    """Everything that makes this rollout unusable; empty when it is fine. Never raises."""
    found: list[Problem] = []
    for attributes, least, path in _AT_LEAST:
        value: Any = rollout
        for attribute in attributes:
            value = getattr(value, attribute)
        if value is not None and value < least:
            found.append(Problem(path, f"{value} is too small", f"the least is {least}"))
        elif value is not None and not value <= MOST:
            said = "too large" if value > MOST else "no number"
            found.append(Problem(path, f"{value} is {said}", f"the most is {MOST}"))
    found += _name_problems(rollout) + _relation_problems(rollout)
    found += hook_problems(rollout.policy.hooks, ("spec", "policy", "hooks"))
    for key, analysis in (
        (PRE_ANALYSIS, rollout.strategy.pre_promotion_analysis),
        (POST_ANALYSIS, rollout.strategy.post_promotion_analysis),
    ):
        if analysis is not None:
            found += analysis_problems(analysis, ("spec", "strategy", "blueGreen", key))
    return found


def _name_problems(rollout: Rollout) -> list[Problem]:
    strategy, found = rollout.strategy, list[Problem]()
    at = ("spec", "strategy", "blueGreen")
    if not rollout.name:
        found.append(Problem(("metadata", "name"), "a rollout needs a name"))
    if not strategy.active_service:
        remedy = "name the Service that carries live traffic"
        found.append(Problem((*at, "activeService"), "activeService is required", remedy))
    elif strategy.active_service == strategy.preview_service:
        message = f"activeService and previewService are both {strategy.active_service!r}"
        found.append(Problem((*at, "previewService"), message, "give the preview a Service of its own, or none"))
    names = [router.name for router in rollout.policy.routers]
    if not names:
        found.append(Problem(("spec", "policy", "routers"), "no router is left", "omit the list for the default"))
    for index, name in enumerate(names):
        if name in names[:index]:
            path = ("spec", "policy", "routers", index, "name")
            found.append(Problem(path, f"two routers are named {name!r}", "name each of them differently"))
    return found + _gate_problems(rollout)


def _gate_problems(rollout: Rollout) -> list[Problem]:
    strategy = rollout.strategy
    own = [gate.name for gate in rollout.gates]
    declared = [f"{hook.point}/{hook.name}" for hook in rollout.policy.hooks]
    if not strategy.auto_promotion_enabled or strategy.auto_promotion_seconds:
        declared.append(PROMOTION)  # a gate of the same name would answer for the pause
    if strategy.pre_promotion_analysis:
        declared.append(PRE_ANALYSIS)
    if strategy.post_promotion_analysis:
        declared.append(POST_ANALYSIS)
    found = [
        Problem(("gates",), f"two gates are named {name!r}")
        for name in sorted({name for name in own if (own + declared).count(name) > 1})
    ]
    for name in own:
        if re.search(r"\.[0-9]+$", name):
            message = f"a gate cannot be named {name!r}: a dot and a number mark its second run"
            found.append(Problem(("gates",), message, "name it differently"))
    return found


def _relation_problems(rollout: Rollout) -> list[Problem]:
    found: list[Problem] = []
    if rollout.min_ready_seconds >= rollout.progress_deadline_seconds > 0:
        found.append(
            Problem(
                ("spec", "minReadySeconds"),
                f"minReadySeconds ({rollout.min_ready_seconds}) is not below progressDeadlineSeconds "
                f"({rollout.progress_deadline_seconds}), so no revision could ever be available in time",
                "lower it, or raise spec.progressDeadlineSeconds",
            )
        )
    limit = rollout.strategy.scale_down_delay_revision_limit
    if limit is not None and limit > rollout.revision_history_limit:
        found.append(
            Problem(
                ("spec", "strategy", "blueGreen", "scaleDownDelayRevisionLimit"),
                f"{limit} revisions cannot be kept running with a revisionHistoryLimit of "
                f"{rollout.revision_history_limit}",
                "lower it, or raise spec.revisionHistoryLimit",
            )
        )
    return found
