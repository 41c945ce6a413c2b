"""What is measured before and after a promotion, and what the values have to be. Names and defaults are Argo's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from bluegreen.spec.values import JSON


class OnNoData(StrEnum):
    """What a measurement counts as that had nothing to see. `skip`: it is neither a success nor a failure."""

    INCONCLUSIVE = "inconclusive"
    FAIL = "fail"
    PASS = "pass"
    SKIP = "skip"


class Direction(StrEnum):
    """Which way a metric is worse: `higher` for latencies and errors, `lower` for success rates, or either."""

    HIGHER = "higher"
    LOWER = "lower"
    EITHER = "either"


@frozen
class Comparison:
    """The new revision's values held against those of the active one, by Mann-Whitney and the Hodges-Lehmann shift.

    It fails when the values of the new one are worse, in the way `direction` says, by more than `tolerance` (a share of
    the active one's median: 0.25 is a quarter), and that with `confidence` (0.98 as Kayenta's judge).
    """

    direction: Direction = Direction.EITHER
    tolerance: float = field(default=0.25, converter=float)
    confidence: float = field(default=0.98, converter=float)


@frozen
class SecretKeyRef:
    """One key of a Secret. Its value is read when it is needed, and is never part of what is stored or shown."""

    name: str
    key: str


class PodTemplateHash(StrEnum):
    """Which revision's name an argument stands for."""

    STABLE = "Stable"
    LATEST = "Latest"


@frozen
class Arg:
    """An argument whose value is known only when it is measured; exactly one of the three is set.

    `field` is a place in the Rollout below `spec.template`, as the manifest writes it.
    """

    name: str
    pod_template_hash: PodTemplateHash | None = None
    field: str = ""
    secret: SecretKeyRef | None = None


@frozen
class Metric:
    """One thing that is measured, and what it has to be.

    `query` is what the provider is asked: `{{args.NAME}}` in it stands for an `Arg` of the analysis, `{{revision}}` for
    the revision that is measured: then both colours are, and the conditions see `result.preview` and `result.active`.
    Every other placeholder was filled in when the manifest was loaded. `success_condition` and `failure_condition` are
    as the manifest has them. `count` None: one measurement. A negative `failure_limit` is none.

    Of our own are `on_no_data` (None: the condition decides if it can make something of nothing; else data is waited
    for, `consecutive_error_limit` times in a row, and then it is inconclusive),
    `min_samples` (None: 1, and 0 if no data is declared to pass), `comparison`, `timeout_seconds` (of one measurement)
    and what errors in a row may take: the first wait is `error_backoff_seconds`, each next one doubles, and after
    `error_total_seconds` of nothing but errors there is no other try.
    """

    name: str
    provider: str
    query: Mapping[str, JSON] = field(factory=dict[str, JSON])
    success_condition: str = ""
    failure_condition: str = ""
    count: int | None = None
    interval_seconds: float = field(default=0.0, converter=float)
    initial_delay_seconds: float = field(default=0.0, converter=float)
    failure_limit: int = 0
    inconclusive_limit: int = 0
    consecutive_error_limit: int = 4
    consecutive_success_limit: int = 0
    dry_run: bool = False
    retention: int = 10
    on_no_data: OnNoData | None = None
    min_samples: int | None = None
    comparison: Comparison | None = None
    timeout_seconds: float = field(default=30.0, converter=float)
    error_backoff_seconds: float = field(default=10.0, converter=float)
    error_total_seconds: float = field(default=300.0, converter=float)

    @property
    def wanted(self) -> int:
        """How many measurements make it complete."""
        return self.count or 1

    @property
    def samples_wanted(self) -> int:
        """How many real values its verdict needs."""
        if self.min_samples is not None:
            return self.min_samples
        return 0 if self.on_no_data is OnNoData.PASS else 1

    @property
    def both(self) -> bool:
        """Whether it measures both the new revision and the active one."""
        return self.comparison is not None or _mentions_revision(self.query)


def _mentions_revision(value: JSON) -> bool:
    if isinstance(value, str):
        return re.search(r"\{\{\s*revision\s*\}\}", value) is not None
    if isinstance(value, Mapping):
        return any(_mentions_revision(one) for one in value.values())
    return isinstance(value, list | tuple) and any(_mentions_revision(one) for one in value)


@frozen
class Analysis:
    """Metrics that are measured together; all of them have to succeed, but for those that are a dry run.

    `templates` are the names of the AnalysisTemplates they come from, for people.
    """

    metrics: tuple[Metric, ...]
    args: tuple[Arg, ...] = ()
    templates: tuple[str, ...] = ()
