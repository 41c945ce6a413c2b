"""How long can layers differ?"""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.testing.verifying.evidence import Asking, Evidence, longest, tried_words
from bluegreen.testing.verifying.report import Answer
from bluegreen.testing.verifying.words import agreed, span

ASKING = Asking("How long can layers differ?")


def how_long_layers_differ(evidence: Evidence) -> Iterator[Answer]:
    """Where there are several: at worst, and which of them are believed rather than seen to follow."""
    routers = evidence.rollout.policy.routers
    if len(routers) < 2:
        return
    tried = list(evidence.tried.values())
    worst = longest(tried, lambda one: one.seen.split_s)
    if worst is not None:
        says = (
            f"{span(evidence.good.split_s)} when nothing goes wrong, {span(worst.seen.split_s)} at worst in what was "
            f"tried. A layer that has moved and is then out of reach differs for as long as that lasts."
        )
        yield ASKING.fine(says, worst, tried_words(tried))
    if blind := [one.name for one in routers if one.probe is None]:
        settle = span(evidence.rollout.policy.settle_seconds)
        have = agreed(blind, "has", "have")
        says = f"{have} no probe: that traffic follows is believed {settle} after a write, and is not seen."
        yield ASKING.warning("no-probe", says, "give it a probe", rests_on="the declaration")
