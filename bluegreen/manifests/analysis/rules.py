"""Rules about metrics by name: which are a dry run, and how many measurements of which are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, frozen

from bluegreen.conditions.patterns import pattern
from bluegreen.manifests.fields import At, Unreadable, fields, integer, items, text
from bluegreen.manifests.report import shortened
from bluegreen.spec import Metric

RULES_MAX = 100
"""In one list."""
_RETENTION = 10
"""What a limit of 0 means, as in Argo."""


@frozen(eq=False)
class Rule:
    """A pattern, RE2's as in Argo, that is looked for in metrics' names, and what holds for those that have it."""

    at: At
    pattern: str
    limit: int | None = None

    def holds(self, metric: Metric) -> bool:
        """Whether it is about this metric."""
        return pattern(self.pattern).search(metric.name) is not None


def dry_runs(at: At) -> tuple[Rule, ...]:
    """The rules of a `dryRun` list."""
    return _rules(at, limit=False)


def retentions(at: At) -> tuple[Rule, ...]:
    """The rules of a `measurementRetention` list."""
    return _rules(at, limit=True)


def _rules(at: At, *, limit: bool) -> tuple[Rule, ...]:
    if at.is_list and len(at.value) > RULES_MAX:
        at.complain(f"more than {RULES_MAX} rules", "one pattern may be about many metrics")
        raise Unreadable
    rules = items(at, lambda one: _rule(one, limit=limit))
    same_twice(rules)
    return rules


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


def _pattern(at: At) -> str:
    value = text(at)
    try:
        pattern(value)
    except ValueError as error:
        at.complain(f"not a pattern: {error}", "write a metric's name, or .* for all")
        raise Unreadable from error
    return value


def same_twice(rules: Iterable[Rule]) -> None:
    """Complains of a second rule with a pattern that there is already, in one place or in several."""
    seen = set[str]()
    for rule in rules:
        if rule.pattern in seen:
            message = f'a second rule for "{shortened(rule.pattern)}"'
            rule.at.child("metricName").complain(message, "keep one of them")
        seen.add(rule.pattern)


def ruled(metrics: Sequence[Metric], dry_run: Sequence[Rule], retention: Sequence[Rule]) -> Iterator[Metric]:
    """The metrics as the rules have them; of several rules about how much is kept, the last holds.

    A rule about no metric at all is a problem: it was meant to be about one.
    """
    for rule in (*dry_run, *retention):
        if not any(rule.holds(metric) for metric in metrics):
            names = shortened(", ".join(metric.name for metric in metrics[:10]), 100)
            rule.at.child("metricName").complain("no metric of this analysis has such a name", f"there are: {names}")
    for metric in metrics:
        kept = [rule.limit or _RETENTION for rule in retention if rule.holds(metric)]
        dry = metric.dry_run or any(rule.holds(metric) for rule in dry_run)
        yield evolve(metric, dry_run=dry, retention=kept[-1] if kept else metric.retention)
