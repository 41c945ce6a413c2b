"""What must always be true of a rollout, as checks on a trace.

    invariants.check(trace)

The eight are those of `bluegreen.decide`. A turn is one look and what was decided on it. Each action is judged by the
look that it was decided on, since pods may fail and outsiders may edit between a look and a write; what our own
engines do to each other is judged by the truth. Once `trace.calm()` was called, the end of the trace is judged too:
the rollout must have come to rest, in the time the trace went on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from bluegreen.testing.invariants.deciding import deciding_again_is_the_same
from bluegreen.testing.invariants.endings import all_layers_agree, an_abort_takes_traffic_back, it_finishes
from bluegreen.testing.invariants.facts import Broken, Facts
from bluegreen.testing.invariants.promotion import every_gate_said_yes
from bluegreen.testing.invariants.replicas import what_is_needed_keeps_running
from bluegreen.testing.invariants.traffic import nothing_is_left_pointing_at_nothing, only_the_available_gets_traffic
from bluegreen.testing.trace import Trace

__all__ = ["INVARIANTS", "Broken", "Violation", "check", "violations"]

Invariant = Callable[[Facts], Iterator[Broken]]

INVARIANTS: Final[dict[int, tuple[str, Invariant]]] = {
    1: ("live traffic is pointed only at a revision seen available", only_the_available_gets_traffic),
    2: ("no decision leaves a layer that had traffic pointing at nothing", nothing_is_left_pointing_at_nothing),
    3: ("what has traffic, or may have to take it back, is never scaled down", what_is_needed_keeps_running),
    4: ("nothing is promoted unless every gate said yes in this attempt", every_gate_said_yes),
    5: ("an abort always takes traffic back", an_abort_takes_traffic_back),
    6: ("all layers agree, or are being brought to agree", all_layers_agree),
    7: ("once faults stop, it finishes", it_finishes),
    8: ("deciding again gives the same, and a settled world gives no actions", deciding_again_is_the_same),
}
"""Each invariant's number, its name in a sentence, and its check."""


class Violation(AssertionError):
    """A trace breaks an invariant. The message names it, the moment and the objects, and shows what led there."""


def violations(trace: Trace, *numbers: int) -> Iterator[str]:
    """A sentence for each breach of these invariants (default: all of them), in the order of their numbers."""
    facts = Facts.of(trace)
    for number in numbers or INVARIANTS:
        name, invariant = INVARIANTS[number]
        for broken in invariant(facts):
            at_s = trace.moments[broken.number].at_s
            yield f"Invariant {number} ({name}) is broken at {at_s:.2f} s, moment {broken.number}: {broken.sentence}"


def check(trace: Trace) -> None:
    """Raises `Violation` with the first sentences when the trace breaks any of the eight."""
    found = list(violations(trace))
    if not found:
        return
    number = int(found[0].split("moment ")[1].split(":")[0])
    more = f"\n(and {len(found) - 5} more)" if len(found) > 5 else ""
    raise Violation("\n".join(found[:5]) + more + "\n\n" + trace.around(number))
