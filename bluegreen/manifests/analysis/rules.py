"""Rules about metrics by name: which are a dry run, and how many measurements of which are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, frozen

from bluegreen.manifests.fields import At, Unreadable, fields, integer, items, text
from bluegreen.spec import Metric

_PATTERN_MAX = 100
_REPEATS_MAX = 3
_RETENTION = 10
"""What a limit of 0 means, as in Argo."""
# A repetition, but for the ? that says what kind of group this is, and a group that is repeated.
_REPEAT = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?<!\()[*+?{]")
_GROUP_REPEATED = re.compile(r"\)[*+{]")


@frozen(eq=False)
class Rule:
    """A pattern that is looked for in the names of metrics, unanchored, and what holds for those that have it."""

    at: At
    pattern: re.Pattern[str]
    limit: int | None = None

    def holds(self, metric: Metric) -> bool:
        """Whether it is about this metric."""
        return bool(self.pattern.search(metric.name))


def dry_runs(at: At) -> tuple[Rule, ...]:
    """The rules of a `dryRun` list."""
    return _distinct(items(at, lambda one: _rule(one, limit=False)))


def retentions(at: At) -> tuple[Rule, ...]:
    """The rules of a `measurementRetention` list."""
    return _distinct(items(at, lambda one: _rule(one, limit=True)))


def _rule(at: At, *, limit: bool) -> Rule:
    found = fields(at, {"metricName": _pattern, **({"limit": _limit} if limit else {})})
    for key, what in (("metricName", "which metrics"), *((("limit", "how many to keep"),) if limit else ())):
        if at.child(key).value is None:
            at.child(key).complain(f"missing: {what}?", "write metricName: .*, for all" if key == "metricName" else "")
    if "metricName" not in found:
        raise Unreadable
    return Rule(at, found["metricName"], found.get("limit"))


def _limit(at: At) -> int:
    number = integer(at)
    if number < 0:
        at.complain(f"{number} is too small", "write how many are kept; 0 is 10")
    return number


def _pattern(at: At) -> re.Pattern[str]:
    value = text(at)
    repeats = [one for one in _REPEAT.findall(value) if one in ("*", "+", "?", "{")]
    if len(value) > _PATTERN_MAX or len(repeats) > _REPEATS_MAX or _GROUP_REPEATED.search(value):
        at.complain(
            "too much of a pattern: it could take for ever",
            f"at most {_PATTERN_MAX} characters and {_REPEATS_MAX} of * + ? {{, none of them after a bracket",
        )
        raise Unreadable
    try:
        return re.compile(value)
    except (re.error, OverflowError) as error:
        at.complain(
            f"not a pattern: {error}", "write a metric's name, or .* for all", index=getattr(error, "pos", None)
        )
        raise Unreadable from error


def _distinct(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    same_twice(rules)
    return rules


def same_twice(rules: Iterable[Rule]) -> None:
    """Complains of a second rule with a pattern that there is already, in one place or in several."""
    seen = set[str]()
    for rule in rules:
        if rule.pattern.pattern in seen:
            message = f'a second rule for "{rule.pattern.pattern}"'
            rule.at.child("metricName").complain(message, "keep one of them")
        seen.add(rule.pattern.pattern)


def ruled(metrics: Sequence[Metric], dry_run: Sequence[Rule], retention: Sequence[Rule]) -> Iterator[Metric]:
    """The metrics as the rules have them; of several rules about how much is kept, the last holds.

    A rule about no metric at all is a problem: it was meant to be about one.
    """
    for rule in (*dry_run, *retention):
        if not any(rule.holds(metric) for metric in metrics):
            names = ", ".join(metric.name for metric in metrics[:10])
            rule.at.child("metricName").complain("no metric of this analysis has such a name", f"there are: {names}")
    for metric in metrics:
        kept = [rule.limit or _RETENTION for rule in retention if rule.holds(metric)]
        dry = metric.dry_run or any(rule.holds(metric) for rule in dry_run)
        yield evolve(metric, dry_run=dry, retention=kept[-1] if kept else metric.retention)
