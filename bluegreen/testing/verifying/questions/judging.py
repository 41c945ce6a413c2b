"""Can it promote what its own metrics call bad?"""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.testing.simulator import witness
from bluegreen.testing.simulator.witness import TRIES_MAX
from bluegreen.testing.verifying.declared import Measured, deciding, measured_of
from bluegreen.testing.verifying.evidence import Asking, Evidence, Tried, tried_words
from bluegreen.testing.verifying.report import Answer, Verdict
from bluegreen.testing.verifying.words import agreed, span

ASKING = Asking("Can it promote a build that its metrics call bad?")
MUCH = 0.5
"""This share of a metric's measurements may fail before it is worth a word."""


def what_metrics_call_bad(evidence: Evidence) -> Iterator[Answer]:
    """Limits that forgive everything, conditions that nothing fails or passes, and dry runs."""
    if not measured_of(evidence.rollout):
        return
    found = [*_limits(evidence), *_conditions(evidence), *_from_the_start(evidence)]
    yield from found
    if not any(one.verdict is Verdict.FAULT for one in found):
        bad = evidence.tried["bad-from-the-start"]
        says = "No: a build that every metric calls bad from the start is not promoted"
        live = f", though it is live for {bad.seen.live_s:.0f} s" if bad.seen.live_at_s is not None else " nor live"
        yield ASKING.fine(f"{says}{live}.", bad)


def _limits(evidence: Evidence) -> Iterator[Answer]:
    loose, much = dict[str, Measured](), dict[str, Measured]()
    for one in deciding(evidence.rollout):
        metric = one.metric
        if one.one_success_is_enough:
            loose[metric.name] = one
        elif metric.failure_limit >= MUCH * metric.wanted and metric.failure_limit > 0:
            much[metric.name] = one
    once = evidence.get("good-once")
    for name, one in loose.items():
        limit, count = one.metric.failure_limit, one.metric.wanted
        says = (
            f"{name} succeeds with one success among {count} measurements, whatever else fails: failureLimit ({limit}) "
            f"is as much as count."
        )
        if once and once.seen.live_at_s is not None:
            says += f" A build that is good when it is first measured, and bad from then on, {_came_to(once)}."
        yield ASKING.fault("forgives-everything", says, f"write a failureLimit below {count}: 1, for instance", once)
    for name, one in much.items():
        says = f"{name} forgives {one.metric.failure_limit} failures among {one.metric.wanted} measurements."
        yield ASKING.warning("forgives-much", says, "lower failureLimit")


def _came_to(one: Tried) -> str:
    """What became of a build that had live traffic, in words that end a sentence."""
    if one.seen.healthy_at_s is not None:
        return "is promoted"
    return f"gets live traffic{' and keeps it' if one.seen.keeps_traffic else f' for {span(one.seen.live_s)}'}"


def _conditions(evidence: Evidence) -> Iterator[Answer]:
    metrics = {one.metric.name: one.metric for one in deciding(evidence.rollout)}
    rests_on = f"trying {TRIES_MAX} results at most"
    cannot_fail = [name for name, metric in metrics.items() if witness(metric).bad is None]
    cannot_pass = [name for name, metric in metrics.items() if witness(metric).good is None]
    if cannot_fail:
        says = f"No value was found that {agreed(cannot_fail, 'calls', 'call')} bad: what is measured may never matter."
        remedy = "look at its conditions"
        if len(cannot_fail) == len(metrics):
            yield ASKING.fault("cannot-fail", says, remedy, evidence.get("bad-from-the-start"), rests_on)
        else:
            yield ASKING.warning("cannot-fail", says, remedy, rests_on=rests_on)
    if cannot_pass:
        call = agreed(cannot_pass, "calls", "call")
        says = f"No value was found that {call} good, so that what is said here may not hold."
        yield ASKING.warning("cannot-pass", says, "look at its conditions", rests_on=rests_on)


def _from_the_start(evidence: Evidence) -> Iterator[Answer]:
    """Of metrics that can fail at all."""
    bad = evidence.tried["bad-from-the-start"]
    rollout = evidence.rollout
    able = [one for one in deciding(rollout) if witness(one.metric).bad is not None]
    dry = [one.metric.name for one in measured_of(rollout) if one.metric.dry_run]
    if bad.seen.healthy_at_s is not None and (able or dry):
        says = "A build that every metric calls bad from the start is promoted"
        why = (
            f": {agreed(dry, 'is a dry run, and decides', 'are dry runs, and decide')} nothing"
            if dry and not able
            else ""
        )
        yield ASKING.fault("promotes-what-is-bad", f"{says}{why}.", "let a metric decide", bad, tried_words([bad]))
