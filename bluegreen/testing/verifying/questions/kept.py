"""Do the invariants hold?"""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.testing.invariants import INVARIANTS
from bluegreen.testing.verifying.evidence import Asking, Evidence, tried_words
from bluegreen.testing.verifying.report import Answer

ASKING = Asking("Do the invariants hold?")


def whether_invariants_hold(evidence: Evidence) -> Iterator[Answer]:
    """All of them, at every step of everything that was tried. One that does not is a fault of the engine."""
    tried = list(evidence.tried.values())
    broken = [one for one in tried if one.seen.violations]
    for one in broken:
        remedy = "this is a fault of the engine, not of the policy: please report it"
        yield ASKING.fault("invariant-broken", one.seen.violations[0], remedy, one)
    if not broken:
        says = (
            f"Yes: all {len(INVARIANTS)}, at every step of {len(tried)} scenarios, crashes and partitions among them."
        )
        yield ASKING.fine(says, rests_on=tried_words(tried))
