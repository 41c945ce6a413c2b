"""Invariants 5, 6 and 7: an abort takes traffic back, all layers agree, and once faults stop it finishes."""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.record import Degraded, Healthy, Progressing, Promoting, Reason, Record
from bluegreen.snapshot import Observed, RouterState
from bluegreen.spec import RevisionId
from bluegreen.testing.invariants.facts import (
    Broken,
    Facts,
    addressable,
    available,
    given_up,
    layers_of,
    saw_all,
    scaling,
    serving,
    writes,
)
from bluegreen.testing.invariants.traffic import BACK_AT_ONCE, saw_live
from bluegreen.testing.trace import Moment, Truth, Turn


def an_abort_takes_traffic_back(facts: Facts) -> Iterator[Broken]:
    """Every turn after an abort moves back what can go back, or says why not; in the end all of it is back."""
    for turn in facts.turns:
        record = turn.decision.record
        if not given_up(record) or record.stable is None:
            continue
        for name, state in _can_go_home(turn, record.stable):
            yield Broken(
                turn.number,
                f"{turn.who} left layer {name} at {state.active} after an abort, although {record.stable}"
                f" had {available(turn, record.stable)} of {turn.look.rollout.replicas} replicas available",
            )
        if saw_live(turn):
            yield from _says_too_little(turn, record.stable)
    for before, moment in zip(facts.trace.moments, facts.trace.moments[1:], strict=False):
        yield from _keeps_the_aborted(before.truth.record, moment)
    end = _end(facts)
    if end is None:
        return
    truth, record = end
    if given_up(record) and record.stable is not None and truth.available(record.stable):
        for name, layer in truth.layers.items():
            if layer.active != record.stable:
                what = f"the attempt is given up, and layer {name} still shows {layer.active}"
                yield Broken(facts.trace.moments[-1].number, f"{what} in the end, not {record.stable}")


def _keeps_the_aborted(before: Record | None, moment: Moment) -> Iterator[Broken]:
    """A revision aborted after it was Healthy is not the one that traffic goes back to."""
    after = moment.truth.record
    if before is None or after is None or after is before or not isinstance(before.phase, Healthy):
        return
    aborted = before.phase.revision
    if given_up(after) and after.phase.revision == aborted and after.stable == aborted:
        yield Broken(moment.number, f"{aborted} was aborted when it was Healthy, and is still called the stable one")


def _can_go_home(turn: Turn, home: RevisionId) -> Iterator[tuple[str, RouterState]]:
    """The layers that show something else than they should, could go there at once by rule 1, and were left alone."""
    record, wanted = turn.decision.record, max(turn.look.rollout.replicas, 1)
    if not saw_live(turn) or scaling(record, home) or available(turn, home) < BACK_AT_ONCE * wanted:
        return
    moved = {one.layer for one in writes(turn) if one.revision == home}
    for name, state in layers_of(turn).items():
        patient = record.layer(name).heals >= 2 and serving(turn, state.active, home) > 0  # an outsider insists
        if state.active != home and name not in moved and addressable(turn, state, home) and not patient:
            yield name, state


def _says_too_little(turn: Turn, home: RevisionId) -> Iterator[Broken]:
    record, seen = turn.decision.record, turn.look.snapshot.workloads
    superseded = record.request is not None or (isinstance(seen, Observed) and seen.value.template != record.current)
    message = record.phase.message
    held = [
        name
        for name, state in layers_of(turn).items()
        if state.active != home and isinstance(state.active, str) and available(turn, state.active)
    ]
    if not message:
        yield Broken(turn.number, f"{turn.who} is Degraded and does not say why")
    elif held and not superseded and saw_all(turn) and not available(turn, home) and "promote --full" not in message:
        yield Broken(
            turn.number,
            f"{turn.who} holds layers {', '.join(held)}, for {home} is dead, and names no way out: {message}",
        )


def all_layers_agree(facts: Facts) -> Iterator[Broken]:
    """Healthy is said only of layers seen to agree; whoever strays is brought back; in the end all agree."""
    for turn in facts.turns:
        before, record = turn.look.record, turn.decision.record
        if not isinstance(record.phase, Healthy) or record.stable is None:
            continue
        if before is None or not isinstance(before.phase, Healthy) or before.phase.revision != record.phase.revision:
            for layer in turn.look.snapshot.layers:
                state = layers_of(turn).get(layer.name)
                if state is None or state.active != record.stable or not state.converged:
                    shown = "was not seen" if state is None else f"shows {state.active}, converged: {state.converged}"
                    yield Broken(
                        turn.number, f"{turn.who} calls {record.stable} Healthy, and layer {layer.name} {shown}"
                    )
        for name, state in _can_go_home(turn, record.stable):
            yield Broken(
                turn.number, f"{turn.who} is Healthy on {record.stable} and leaves layer {name} at {state.active}"
            )
    end = _end(facts)
    if end is None:
        return
    truth, record = end
    differ = len({layer.active for layer in truth.layers.values()}) > 1
    said = _stranded(truth, record) or (isinstance(record.phase, Degraded) and record.phase.message)
    if differ and record.stable is not None and not said:
        where = ", ".join(f"{name} shows {layer.active}" for name, layer in truth.layers.items())
        number = facts.trace.moments[-1].number
        yield Broken(number, f"in the end the layers differ ({where}), and it is {type(record.phase).__name__}")


def it_finishes(facts: Facts) -> Iterator[Broken]:
    """In the end it is at rest: nothing is decided, nothing outstanding, and what is said of the world is so."""
    if facts.trace.runaway is not None:
        yield Broken(facts.trace.runaway, "an engine never rested, and had to be stopped")
        return
    calm = facts.trace.calm_at_s
    if calm is None:
        return
    last = facts.trace.moments[-1]
    end = _end(facts)
    turns = [turn for turn in facts.turns if turn.at_s >= calm]
    if end is None or not turns:
        yield Broken(last.number, "nobody decided anything after the faults had stopped")
        return
    truth, record = end
    after = f"{last.at_s - calm:.0f} s after the faults stopped"
    if turns[-1].decision.actions:
        acts = ", ".join(str(action) for action in turns[-1].decision.actions)
        yield Broken(last.number, f"{after} it still acts: {acts}")
    if record.outstanding:
        yield Broken(last.number, f"{after} writes are outstanding: {', '.join(w.object for w in record.outstanding)}")
    if why := _not_at_rest(turns[-1], truth, record):
        yield Broken(last.number, f"{after} {why}")


def _not_at_rest(turn: Turn, truth: Truth, record: Record) -> str:
    """Why this is no end; empty when it is one."""
    replicas, phase = turn.look.rollout.replicas, record.phase
    frozen = isinstance(phase, Degraded) and phase.reason is Reason.FROZEN  # as declared: it stops where it is
    for name, layer in () if frozen else truth.layers.items():
        if not (isinstance(layer.active, str) and truth.available(layer.active)) and truth.available(record.stable):
            return f"layer {name} shows {layer.active}, which serves nothing, while {record.stable} could"
    match phase:
        case Promoting():
            waits = any(one.answer == "" and one.attempt == record.attempt for one in record.gates)
            return "" if waits else f"it is still Promoting: {phase.message}"
        case Progressing():
            return "" if replicas == 0 else f"it is still Progressing: {phase.message}"
        case Healthy():
            off = [name for name, layer in truth.layers.items() if layer.active != record.stable]
            asked = truth.replicas(record.stable) if record.stable else 0
            if (off and not _stranded(truth, record)) or asked < replicas:
                return f"it is Healthy, with {asked} of {replicas} replicas asked for, and not on {off}"
            whole = truth.available(record.stable) >= replicas  # while it is not, nothing is retired
            kept = [
                one.revision
                for one in record.retained
                if whole
                and one.delay_s is not None
                and (one.since is None or (turn.look.at - one.since).total_seconds() > one.delay_s)
            ]
            return f"it still keeps {', '.join(kept)}" if kept else ""
        case Degraded(reason=Reason.LAYER_DEADLINE | Reason.ABORTED) if phase.revision != record.current:
            return f"it is Degraded over {phase.revision}, and current is {record.current}"
        case _:
            return ""


def _stranded(truth: Truth, record: Record) -> bool:
    """Traffic cannot go to the stable revision, which is dead, and that is said."""
    return not truth.available(record.stable) and "cannot go back" in record.phase.message


def _end(facts: Facts) -> tuple[Truth, Record] | None:
    """The last truth and the stored record, when the faults had stopped before."""
    truth = facts.trace.moments[-1].truth if facts.trace.moments else None
    if facts.trace.calm_at_s is None or truth is None or truth.record is None:
        return None
    return truth, truth.record
