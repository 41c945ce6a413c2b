"""What is asked of a declaration by itself: its metrics, its loads, and what each of them can come to."""

from __future__ import annotations

from attrs import frozen

from bluegreen.metrics.fields import Fields
from bluegreen.metrics.load.plan import Plan, plan_of
from bluegreen.spec import Metric, OnNoData, Rollout
from bluegreen.spec.check import POST_ANALYSIS, PRE_ANALYSIS

LOAD = "load"
"""The provider that sends requests of its own."""


@frozen
class Measured:
    """A metric, and the analysis that it is in: the field that declares it."""

    where: str
    metric: Metric

    @property
    def blind_is_fine(self) -> bool:
        """It can succeed without a single real value."""
        return self.metric.on_no_data is OnNoData.PASS or self.metric.samples_wanted == 0

    @property
    def one_success_is_enough(self) -> bool:
        """Its limit of failures can never be exceeded, so that a single success in all makes it a success."""
        metric = self.metric
        return metric.failure_limit >= metric.wanted and not metric.consecutive_success_limit


def measured_of(rollout: Rollout) -> list[Measured]:
    """Every metric of both analyses; those before the promotion come first."""
    strategy = rollout.strategy
    analyses = (
        (PRE_ANALYSIS, strategy.pre_promotion_analysis),
        (POST_ANALYSIS, strategy.post_promotion_analysis),
    )
    return [Measured(where, metric) for where, analysis in analyses if analysis for metric in analysis.metrics]


def metrics_of(rollout: Rollout) -> list[Metric]:
    """Every metric of both analyses."""
    return [one.metric for one in measured_of(rollout)]


def load_of(metric: Metric) -> Plan | None:
    """The load that a metric sends; None when it sends none, or what it sends is left to an argument."""
    if metric.provider != LOAD:
        return None
    fields = Fields(metric.query, filled=False)
    plan = plan_of(fields)
    return None if fields.problems or fields.open("rate", "duration", "service") else plan


def preview_replicas(rollout: Rollout) -> int:
    """How many replicas a preview has while it is measured."""
    declared = rollout.strategy.preview_replica_count
    return rollout.replicas if declared is None else declared


def deciding(rollout: Rollout) -> list[Measured]:
    """The metrics that decide something: those that are no dry run."""
    return [one for one in measured_of(rollout) if not one.metric.dry_run]
