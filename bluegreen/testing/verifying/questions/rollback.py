"""How long does the way back take?"""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.testing.simulator import Ask
from bluegreen.testing.verifying.evidence import Asking, Evidence, Tried, longest, tried_words
from bluegreen.testing.verifying.report import Answer
from bluegreen.testing.verifying.words import FOR_EVER, span

ASKING = Asking("How long does the way back take?")


def how_long_the_way_back_takes(evidence: Evidence) -> Iterator[Answer]:
    """From a person's word until no layer shows the new build: while the one before is retained, and afterwards."""
    aborts = [one for one in evidence.some("abort-when-") if one.seen.live_at_s is not None]
    worst = longest(aborts, back_s)
    if worst is not None and back_s(worst) == FOR_EVER:
        says = "An abort does not bring live traffic back."
        yield ASKING.fault("no-way-back", says, "see the scenario", worst, tried_words(aborts))
    elif worst is not None:
        follows_s = evidence.assumptions.converge_s
        says = (
            f"{span(back_s(worst) + follows_s)} at worst from a person's abort, while the build before is retained and "
            f"nothing else goes wrong: {span(back_s(worst))} to decide and write it, {span(follows_s)} for a layer to "
            f"follow."
        )
        yield _despite(evidence, says, aborts, worst)
    yield from _afterwards(evidence)


def _despite(evidence: Evidence, says: str, aborts: list[Tried], plain: Tried) -> Answer:
    """The same with the worst of what else can go wrong just before the abort."""
    faulty = [one for one in evidence.some("abort-despite-") if one.seen.live_at_s is not None]
    worst = longest(faulty, back_s)
    if worst is None:
        return ASKING.fine(says, plain, tried_words(aborts))
    tried = tried_words([*aborts, *faulty])
    if back_s(worst) == FOR_EVER:
        says += " When something else goes wrong just before, it does not bring live traffic back."
        return ASKING.warning("kept-by-a-fault", says, "see the scenario", worst, tried)
    later = span(back_s(worst) + evidence.assumptions.converge_s)
    says += f" When something else goes wrong just before, {later} at worst."
    return ASKING.fine(says, worst, tried)


def _afterwards(evidence: Evidence) -> Iterator[Answer]:
    through, at_once = evidence.get("undo-through-the-gates"), evidence.get("undo-at-once")
    if through is None or at_once is None:
        return
    if back_s(at_once) == FOR_EVER:
        says = (
            "Once the build before is retired, declaring it again does not bring it back, not even with promote --full."
        )
        yield ASKING.fault("no-way-back", says, "see the scenario", at_once, tried_words([through, at_once]))
        return
    gates = f"{span(back_s(through))} through the gates" if back_s(through) < FOR_EVER else "never through the gates"
    says = (
        f"Once it is retired, as long as a deployment of its own: {span(back_s(at_once))} with undo and "
        f"promote --full, {gates}."
    )
    yield ASKING.fine(says, at_once, tried_words([through, at_once]))


def back_s(one: Tried) -> float:
    """Seconds from the first thing that a person asked for until the new build had no live traffic any more."""
    asked_s = min(happening.at_s for happening in one.scenario.happenings if isinstance(happening, Ask))
    if one.seen.keeps_traffic:
        return FOR_EVER
    return max((one.seen.back_at_s or asked_s) - asked_s, 0.0)
