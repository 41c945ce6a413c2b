"""What makes an analysis or a hook unusable, whoever wrote it; conditions are checked where they are compiled."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from bluegreen.errors import Problem
from bluegreen.spec.analysis import Analysis, Metric
from bluegreen.spec.policy import Hook, HookPoint, OnDeadline

COUNT_MAX = 10_000
"""A metric is not measured more often in one run."""
MOST = 2**63 // 10**9
"""No number of a declaration is larger: as seconds it is the 292 years that fit into Go's nanoseconds."""
Found = tuple[tuple[str | int, ...], str, str]


def metric_problems(metric: Metric) -> list[Problem]:
    """All that is wrong with a metric by itself. Paths begin inside it, in the manifest's words. Never raises."""
    return [Problem(path, message, remedy) for path, message, remedy in (*_limits(metric), *_relations(metric))]


def _limits(metric: Metric) -> Iterator[Found]:
    whole = (
        ("count", metric.count, 1),
        ("inconclusiveLimit", metric.inconclusive_limit, 0),
        ("consecutiveErrorLimit", metric.consecutive_error_limit, 0),
        ("consecutiveSuccessLimit", metric.consecutive_success_limit, 0),
        ("minSamples", metric.min_samples, 0),
        ("retention", metric.retention, 1),
    )
    for key, value, least in whole:
        if value is not None and value < least:
            yield (key,), f"{value} is too small", f"the least is {least}"
    times = (
        ("interval", metric.interval_seconds, False),
        ("initialDelay", metric.initial_delay_seconds, False),
        ("timeoutSeconds", metric.timeout_seconds, True),
        ("errorBackoffSeconds", metric.error_backoff_seconds, True),
        ("errorTotalSeconds", metric.error_total_seconds, False),
    )
    for key, seconds, positive in times:
        if not 0 <= seconds <= MOST or (positive and not seconds):
            yield (key,), f"{seconds:g} s is no time that can be waited", "write a number above 0"
    if metric.comparison is not None:
        if not 0 <= metric.comparison.tolerance < math.inf:
            yield ("comparison", "tolerance"), "a share of the active revision's median is needed", "0.25 is a quarter"
        if not 0.5 <= metric.comparison.confidence < 1:
            yield ("comparison", "confidence"), "a confidence from 0.5 to below 1 is needed", "0.98 is usual"


def _relations(metric: Metric) -> Iterator[Found]:
    count, limit, streak = metric.wanted, metric.failure_limit, metric.consecutive_success_limit
    if count > COUNT_MAX:
        yield ("count",), f"{count} measurements are too many", f"the most is {COUNT_MAX}"
    if count > 1 and metric.interval_seconds <= 0:
        yield ("interval",), f"{count} measurements need a time between them", "write interval: 30s, for instance"
    if metric.count is None and metric.interval_seconds > 0:
        message = "an interval without a count would measure for ever, and the release wait for ever"
        yield ("count",), message, "write count: 5, for instance"
    if limit < 0 and not streak:
        message = "without a limit of failures nothing could fail"
        yield ("failureLimit",), message, "write failureLimit: 0 or more, or a consecutiveSuccessLimit"
    if count >= 1:
        yield from _beyond_count(metric, count)
    if not metric.name:
        yield ("name",), "a metric needs a name", ""
    if not metric.provider:
        yield ("provider",), "a metric needs a provider", ""


def _beyond_count(metric: Metric, count: int) -> Iterator[Found]:
    """What so many measurements cannot come to."""
    limit, streak, samples = metric.failure_limit, metric.consecutive_success_limit, metric.min_samples
    if max(limit, 0) + streak > count:
        message = f"count ({count}) is below failureLimit + consecutiveSuccessLimit ({max(limit, 0) + streak})"
        yield ("count",), message, "raise it, or lower the limits"
    if metric.inconclusive_limit > count:
        yield ("inconclusiveLimit",), f"it is above count ({count}), so it could never be exceeded", "lower it"
    if samples is not None and samples > count and not metric.both:
        yield ("minSamples",), f"count ({count}) measurements cannot give {samples} samples", "raise count"


def analysis_problems(analysis: Analysis, path: Sequence[str | int]) -> list[Problem]:
    """All that is wrong with an analysis that stands at `path`."""
    found: list[Problem] = []
    names = [metric.name for metric in analysis.metrics]
    colours = {f"{metric.name}/{one}" for metric in analysis.metrics if metric.both for one in ("preview", "active")}
    if not names:
        found.append(Problem((*path, "metrics"), "nothing is measured", "write at least one metric"))
    for index, metric in enumerate(analysis.metrics):
        here = (*path, "metrics", index)
        found += [Problem((*here, *one.path), one.message, one.remedy) for one in metric_problems(metric)]
        if metric.name in names[:index]:
            message = f"two metrics are named {metric.name!r}"
            found.append(Problem((*here, "name"), message, "name each of them differently"))
        if metric.name in colours:
            message = f"{metric.name!r} is what one colour of another metric is called"
            found.append(Problem((*here, "name"), message, "name it differently"))
    return found


def hook_problems(hooks: Sequence[Hook], path: Sequence[str | int]) -> list[Problem]:
    """All that is wrong with the hooks of a policy that stands at `path`."""
    found: list[Problem] = []
    for point in HookPoint:
        seen: list[str] = []
        for index, hook in enumerate(one for one in hooks if one.point is point):
            here = (*path, str(point), index)
            if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", hook.name):
                remedy = "use lower-case letters, digits and - only, with a letter or digit at both ends"
                found.append(Problem((*here, "name"), f"{hook.name!r} is no name for a hook", remedy))
            if hook.name in seen:
                message = f"two hooks at {point} are named {hook.name!r}"
                found.append(Problem((*here, "name"), message, "name each of them differently"))
            if hook.deadline_seconds > MOST:
                message = f"{hook.deadline_seconds} is too large"
                found.append(Problem((*here, "deadlineSeconds"), message, f"the most is {MOST}"))
            if hook.deadline_seconds < 1:
                found.append(Problem((*here, "deadlineSeconds"), f"{hook.deadline_seconds} is too small", "at least 1"))
            if point is HookPoint.ON_ABORT and hook.on_deadline is OnDeadline.HOLD:
                message = "nothing can be held any more when a release has failed, only the next one"
                found.append(Problem((*here, "onDeadline"), message, "write abort or continue"))
            seen.append(hook.name)
    return found
