"""Is a decision, or an action that lands, what was promised? The checks are the invariants, on one turn at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from attrs import evolve

from bluegreen.actions import Forget, Point, Retire
from bluegreen.backends.memory import World as MemoryWorld
from bluegreen.record import Record
from bluegreen.spec import RevisionId, Rollout
from bluegreen.testing.explorer.states import Act, World
from bluegreen.testing.invariants.deciding import deciding_again_is_the_same
from bluegreen.testing.invariants.endings import all_layers_agree, an_abort_takes_traffic_back, it_finishes
from bluegreen.testing.invariants.facts import Broken, Facts, layers_of, revisions_of
from bluegreen.testing.invariants.promotion import every_gate_said_yes
from bluegreen.testing.invariants.replicas import what_is_needed_keeps_running
from bluegreen.testing.invariants.traffic import (
    BACK_AFTER_S,
    nothing_is_left_pointing_at_nothing,
    only_the_available_gets_traffic,
)
from bluegreen.testing.trace import Landed, Moment, Trace, TrueLayer, TrueRevision, Truth, Turn

BY_TURN: Final[dict[int, Callable[[Facts], Iterator[Broken]]]] = {
    1: only_the_available_gets_traffic,
    2: nothing_is_left_pointing_at_nothing,
    3: what_is_needed_keeps_running,
    4: every_gate_said_yes,
    5: an_abort_takes_traffic_back,
    6: all_layers_agree,
    8: deciding_again_is_the_same,
}
"""The invariants that one look and its decision can break, whatever came before."""
AT_THE_END: Final[dict[int, Callable[[Facts], Iterator[Broken]]]] = {
    5: an_abort_takes_traffic_back,
    6: all_layers_agree,
    7: it_finishes,
}

WAYS_OUT: Final = ("promote --full", "retry", "apply")
"""What a person can do where traffic cannot go back; the message of a phase that stays so has to name one."""


class Judge:
    """Holds what engines decide, and where they leave the world, against the invariants."""

    def __init__(self, rollout: Rollout) -> None:
        self._world = MemoryWorld(rollout, clock=lambda: 0.0)
        self._empty = Trace(self._world)

    def decided(self, turn: Turn) -> str:
        """The first invariant that the decision breaks by its own look; empty when it breaks none."""
        truth, landed = as_seen(turn), list[Landed]()
        for action in turn.decision.actions:
            if isinstance(action, Point | Retire | Forget):
                landed.append(Landed(len(landed), 0.0, turn, action, truth, truth))
        nobody = dict.fromkeys(truth.layers, False)
        facts = Facts(self._empty, [turn], landed, [nobody] * len(landed))
        for number, invariant in BY_TURN.items():
            for found in invariant(facts):
                if not _known_otherwise(found, facts):
                    return f"invariant {number}: {found.sentence}"
        return ""

    def ended(self, turn: Turn, truth: Truth) -> str:
        """Why the world is not at rest as it should be, after this last turn in it; empty when it is."""
        record = turn.decision.record
        empty = any(not isinstance(one.active, str) for one in truth.layers.values())
        if empty and record.stable not in truth.revisions:
            # What there was to go back to was deleted, and what a layer shows cannot be written anew.
            said = record.phase.message
            held = "holding still" in said and not any(truth.available(one) for one in truth.revisions)
            if record.stable is None or held or any(one in said for one in WAYS_OUT):
                return ""
            return f"invariant 5: {record.stable} is gone, layers show nothing, and no way out is named: {said}"
        if not truth.available(record.stable):
            # With nothing to go back to, nothing is written anew: a person has to choose first what is to be.
            kept = () if record.stable is None else ("layer:",)
            left = tuple(one for one in record.outstanding if one.object.startswith(kept))
            truth = evolve(truth, record=evolve(record, outstanding=left))
        trace = Trace(self._world)
        trace.calm_at_s = 0.0
        trace.moments.append(Moment(0, 0.0, turn.who, "rests", truth))
        facts = Facts(trace, [turn], [], [dict.fromkeys(truth.layers, False)])
        for number, invariant in AT_THE_END.items():
            for found in invariant(facts):
                return f"invariant {number}: {found.sentence}"
        return ""


def as_seen(turn: Turn) -> Truth:
    """The world as it is if nothing has changed since the look."""
    layers = {name: TrueLayer(one.active, one.version) for name, one in layers_of(turn).items()}
    known = revisions_of(turn) or {}
    revisions = {name: TrueRevision(one.replicas, one.available, one.version) for name, one in known.items()}
    return Truth(layers, revisions, turn.decision.record)


def _known_otherwise(found: Broken, facts: Facts) -> bool:
    """One turn does not show how long a layer has been waiting, nor what was stable earlier: the record tells of it."""
    turn = facts.turns[0]
    record, sentence = turn.look.record, found.sentence
    if record is None:
        return False
    if "it was not stable before" in sentence:
        return any(f"no gate about {one} " in sentence for one in record.proven)
    if ", back, " not in sentence:
        return False
    layer = facts.landed[found.number].action.layer  # type: ignore[union-attr]
    since = turn.decision.record.layer(layer).off_since
    return since is not None and (turn.look.at - since).total_seconds() >= BACK_AFTER_S


def landing(world: World, act: Act, now: Record | None, names: tuple[RevisionId, ...], layers: tuple[str, ...]) -> str:
    """What is broken by this action, accepted by the world as it is just before; empty when nothing is."""
    if act.kind == "point":
        work, name = world.works[act.revision], names[act.revision]
        if world.emptied >> act.revision & 1 and not (work and work[0]):
            return f"invariant 3: an engine pointed layer {layers[act.on]} at {name}, which was scaled down"
        other = now is not None and act.attempt not in (0, now.attempt) and now.stable != name
        if now is not None and other and world.layers[act.on].active != act.revision:
            what = f"an engine promoted {name} on layer {layers[act.on]} in attempt {act.attempt}"
            return f"invariant 4: {what}, and the write landed in attempt {now.attempt}"
    if act.kind in ("retire", "forget"):
        for number, layer in enumerate(world.layers):
            if layer.active == act.revision and world.ours >> number & 1:
                what = f"an engine scaled {names[act.revision]} down while layer {layers[number]} shows it"
                return f"invariant 3: {what}"
    return ""
