"""How long can a bad build keep live traffic?"""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.testing.verifying.evidence import Asking, Evidence, Tried, longest, tried_words
from bluegreen.testing.verifying.report import Answer
from bluegreen.testing.verifying.words import span

ASKING = Asking("How long can a bad build keep live traffic?")


def how_long_a_bad_build_stays(evidence: Evidence) -> Iterator[Answer]:
    """The worst time for a build that shows itself as assumed; and how late is too late to be noticed."""
    assumed = f"bad-after-{span(evidence.assumptions.detect_s)}"
    plain = evidence.get(assumed)
    if plain is None or plain.seen.live_at_s is None:
        yield ASKING.fine("It does not get live traffic: not even a good one does.", evidence.tried["good"])
        return
    family = [plain, *evidence.some(f"{assumed}-")]
    worst = longest(family, lambda one: one.seen.lives_s) or plain
    if plain.seen.keeps_traffic:
        yield _for_ever(evidence, plain)
    elif worst.seen.keeps_traffic:
        says = (
            f"A build that is bad from {_shows(evidence)} on keeps it when something else goes wrong at the same time."
        )
        yield ASKING.warning("kept-by-a-fault", says, "see the scenario", worst, tried_words(family))
    else:
        says = f"{span(worst.seen.live_s)} at worst, when it shows {_shows(evidence)}"
        if worst is not plain:
            says += f" and more goes wrong just then; {span(plain.seen.live_s)} when nothing does"
        yield ASKING.fine(f"{says}.", worst, tried_words(family))
        yield from _later(evidence)
    yield from _dying(evidence)


def _shows(evidence: Evidence) -> str:
    return f"{span(evidence.assumptions.detect_s)} after it went live"


def _for_ever(evidence: Evidence, plain: Tried) -> Answer:
    """Nothing notices. Whether that leaves a person a way back is another question."""
    if evidence.rollout.strategy.post_promotion_analysis is None:
        says = "For ever, until a person acts: there is no gate after the promotion, so nothing would notice."
        return ASKING.warning("nothing-would-notice", says, "declare a postPromotionAnalysis", plain)
    found = noticed(evidence)
    within = f"; it notices what shows within {span(found[-1][0])}" if found else ""
    says = (
        f"For ever, until a person acts: a build that shows {_shows(evidence)} is not noticed by "
        f"postPromotionAnalysis{within}."
    )
    return ASKING.warning("nothing-would-notice", says, "let it measure for longer: raise count or interval", plain)


def noticed(evidence: Evidence) -> list[tuple[float, Tried]]:
    """The builds that turned bad when live and were taken back, by how long after; those without other faults."""
    return [(after_s, one) for after_s, one in turned_bad(evidence) if not one.seen.keeps_traffic]


def turned_bad(evidence: Evidence) -> list[tuple[float, Tried]]:
    """The builds that turned bad so long after they went live, without other faults, the earliest first."""
    found = [
        (one.scenario.build.live_metrics.pieces[0].from_s, one)
        for one in evidence.some("bad-after-")
        if not one.scenario.happenings and one.scenario.build.live_metrics is not None
    ]
    return sorted(found, key=lambda pair: pair[0])


def _later(evidence: Evidence) -> Iterator[Answer]:
    """From when on nothing would notice any more."""
    late = [(after_s, one) for after_s, one in turned_bad(evidence) if one.seen.keeps_traffic]
    known = [after_s for after_s, _ in noticed(evidence)]
    if not late:
        return
    before = max((after_s for after_s in known if after_s < late[0][0]), default=0.0)
    first_s, shown = late[0]
    says = (
        f"One that shows itself later keeps it until a person acts: {span(before)} after it went live was noticed, "
        f"{span(first_s)} was not. Once the gates have answered, nothing measures any more."
    )
    tried = tried_words([one for _, one in turned_bad(evidence)])
    remedy = "let postPromotionAnalysis measure for longer, and keep an alert of your own for what comes after"
    yield ASKING.warning("later-is-not-noticed", says, remedy, shown, tried)


def _dying(evidence: Evidence) -> Iterator[Answer]:
    """A build whose replicas all die is noticed without any metric, while the one before is retained."""
    deaths = evidence.some("dies-")
    back = [one for one in deaths if not one.seen.keeps_traffic]
    worst = longest(back, lambda one: one.seen.dark_s)
    if worst is None:
        return
    stays = [one for one in deaths if one.seen.keeps_traffic]
    dark = f"{span(worst.seen.dark_s)} without an answer at worst" if worst.seen.dark_s >= 1 else "at once"
    says = f"One whose replicas all die is taken back by itself: {dark}"
    if stays:
        says += ", while the one before is retained; after that there is nothing to go back to"
    yield ASKING.fine(f"{says}.", worst, tried_words(deaths))
