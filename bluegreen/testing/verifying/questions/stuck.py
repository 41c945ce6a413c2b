"""Can it get stuck?"""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.gates import ManualGate, OnDeadline, Stage
from bluegreen.record import PauseReason
from bluegreen.spec import Hook, HookPoint, OnFailure
from bluegreen.testing.verifying.evidence import Asking, Evidence, tried_words
from bluegreen.testing.verifying.report import Answer, Verdict
from bluegreen.testing.verifying.scenario import too_slow
from bluegreen.testing.verifying.words import agreed, how_many, listed, span

ASKING = Asking("Can it get stuck?")
_SILENT = ("no-data", "nan", "errors")


def whether_it_can_get_stuck(evidence: Evidence) -> Iterator[Answer]:
    """Each thing that can hold a release for ever, or for longer than anybody would wait."""
    found = [
        *_declared(evidence),
        *_good(evidence),
        *_nobody(evidence),
        *_hooks(evidence),
        *_progress(evidence),
        *_no_verdict(evidence),
        *_frozen(evidence),
    ]
    yield from found
    if not any(one.verdict is not Verdict.OK for one in found):
        tried = list(evidence.tried.values())
        yield ASKING.fine(f"No: it came to an end in each of {len(tried)} scenarios.", rests_on=tried_words(tried))


def _declared(evidence: Evidence) -> Iterator[Answer]:
    rollout = evidence.rollout
    if rollout.paused:
        says = (
            "spec.paused is set: nothing is promoted until somebody resumes it. What follows is of the rollout once it "
            "is resumed."
        )
        yield ASKING.fault("paused", says, "remove spec.paused")
    if too_slow(rollout, evidence.assumptions):
        ready = span(evidence.assumptions.ready_s + rollout.min_ready_seconds)
        deadline = span(rollout.progress_deadline_seconds)
        says = f"Nothing can be available in time: a replica takes {ready}, and the progress deadline is {deadline}."
        yield ASKING.fault("too-slow", says, "raise spec.progressDeadlineSeconds", evidence.get("good"))


def with_no_replicas() -> Answer:
    """The one answer about a rollout that wants none: there is nothing to simulate."""
    says = "No replicas are wanted (spec.replicas: 0): nothing runs, and so nothing is released, nor asked here."
    return ASKING.fault("no-replicas", says, "write spec.replicas: 1 or more", rests_on="the declaration")


def _good(evidence: Evidence) -> Iterator[Answer]:
    good, last = evidence.tried["good"], evidence.good.last
    if evidence.good.healthy_at_s is None and not too_slow(evidence.rollout, evidence.assumptions):
        where = f"{last.phase} ({last.reason})" if last.reason else last.phase
        says = f"A good build is never promoted: it ends {where}. {_sentence(last.message)}"
        yield ASKING.fault("never-promoted", says, "see the scenario: what it waits for does not come", good)


def _nobody(evidence: Evidence) -> Iterator[Answer]:
    nobody, assumptions = evidence.get("nobody-comes"), evidence.assumptions
    own = [one for one in evidence.rollout.gates if isinstance(one, ManualGate)]
    for gate in own:
        held = gate.deadline_seconds is None or gate.on_deadline is OnDeadline.HOLD
        if held and gate.stage is not Stage.ON_ABORT:
            lacks = "has no deadline" if gate.deadline_seconds is None else "is held beyond its deadline"
            says = f"Gate {gate.name} {lacks}: when nobody approves it, it holds the release for ever."
            yield ASKING.fault("gate-without-deadline", says, "give it deadline_seconds and an on_deadline", nobody)
    if nobody is None or evidence.rollout.strategy.auto_promotion_enabled:
        return
    remedy = "autoPromotionSeconds promotes by itself after a time"
    if assumptions.promote_s is None:
        says = "It waits for ever for a person to promote it: autoPromotionEnabled is false, and nobody comes."
        yield ASKING.fault("gate-without-deadline", says, remedy, nobody)
    else:
        came = span(assumptions.promote_s)
        says = (
            f"It waits for a person to promote it, for ever when nobody comes (assumed: somebody does, after {came})."
        )
        yield ASKING.warning("waits-for-a-person", says + " Both builds run meanwhile.", remedy, nobody)


def _hooks(evidence: Evidence) -> Iterator[Answer]:
    """A hook has a deadline always; the question is what follows it."""
    hooks = [one for one in evidence.rollout.policy.hooks if one.point is not HookPoint.ON_ABORT]
    never = evidence.get("hooks-never-end")
    held = [one for one in hooks if one.on_deadline is OnDeadline.HOLD]
    if never is not None and never.seen.last.phase not in ("Paused", "Promoting"):
        never = None  # another hook gave the release up first
    if held:
        says = f"{_named(held)} can hold the release for ever: onDeadline: hold makes it a gate without a deadline."
        remedy = "write onDeadline: abort, or continue where the step may be left out"
        yield ASKING.fault("gate-without-deadline", says, remedy, never)
    patience_s = evidence.assumptions.patience_s
    if late := [one for one in hooks if one.deadline_seconds > patience_s and one not in held]:
        says = f"{_named(late)} may take longer than {span(patience_s)} before anything follows."
        yield ASKING.fault("gate-without-deadline", says, "lower deadlineSeconds", never)


def _named(hooks: list[Hook]) -> str:
    return listed([f"{one.point}/{one.name}" for one in hooks])


def _progress(evidence: Evidence) -> Iterator[Answer]:
    rollout, never = evidence.rollout, evidence.get("never-ready")
    deadline_s, patience_s = rollout.progress_deadline_seconds, evidence.assumptions.patience_s
    if never is None:
        return
    if deadline_s > patience_s:
        years = deadline_s // (365 * 86400)
        deadline = how_many(years, "year") if years else span(deadline_s)
        says = (
            f"A build that never becomes ready is Progressing without end: the progress deadline is {deadline}, "
            f"which is as good as none. Nobody is told that anything is wrong."
        )
        yield ASKING.fault("no-progress-deadline", says, "write progressDeadlineSeconds: 600, for instance", never)
    elif not rollout.progress_deadline_abort:
        says = (
            f"A build that never becomes ready is Degraded after {span(deadline_s)}, and its attempt is kept: it goes "
            f"on when it can, and ends when somebody aborts it. Live traffic is untouched."
        )
        yield ASKING.warning("held-not-aborted", says, "progressDeadlineAbort: true gives it up by itself", never)


def _no_verdict(evidence: Evidence) -> Iterator[Answer]:
    """Analyses that come to no verdict wait for a person, with no deadline of their own."""
    waits = [
        one
        for name in (*_SILENT, "no-data-when-live")
        if (one := evidence.get(name)) and one.seen.last.reason == PauseReason.INCONCLUSIVE
    ]
    if not waits:
        return
    names = [one.seen.last.gate for one in waits]
    live = [one for one in waits if one.seen.keeps_traffic]
    come = agreed(names, "comes to no verdict, and waits", "come to no verdict, and wait")
    says = f"Where nothing can be measured, {come} for a person for ever."
    if live:
        says += " After the promotion the new build keeps live traffic meanwhile, unverified."
    shown = (live or waits)[0]
    remedy = "onNoData: fail decides by itself (policy.metrics)"
    yield ASKING.warning("no-verdict", says, remedy, shown, tried_words(waits))


def _frozen(evidence: Evidence) -> Iterator[Answer]:
    if evidence.rollout.policy.on_failure is OnFailure.FREEZE:
        frozen = [one for one in evidence.tried.values() if one.seen.last.reason == "Frozen"]
        says = (
            "What fails after the promotion is frozen where it is: a bad build keeps live traffic until a person acts."
        )
        yield ASKING.warning("freezes", says, "onFailure: rollback takes it back", frozen[0] if frozen else None)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".") if text else ""
