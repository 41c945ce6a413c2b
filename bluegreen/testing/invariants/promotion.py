"""Invariant 4: nothing is promoted unless every gate said yes, for that revision, in that attempt."""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.actions import Point
from bluegreen.decide.declared import gates_of
from bluegreen.gates import OnDeadline, Release, Stage, Yes
from bluegreen.record import Healthy, Record
from bluegreen.spec import RevisionId, Rollout
from bluegreen.testing.invariants.facts import Broken, Facts, given_up, is_active_point, layer_of
from bluegreen.testing.trace import Turn

BEFORE_STABLE = (Stage.PRE_PREVIEW, Stage.PRE_PROMOTION, Stage.POST_PROMOTION)


def every_gate_said_yes(facts: Facts) -> Iterator[Broken]:
    """Every accepted write to a revision that is not stable, every completed promotion, every waiver."""
    for landed in facts.landed:
        action = landed.action
        if not isinstance(action, Point) or not is_active_point(action):
            continue
        turn, revision = landed.turn, action.revision
        record, state = turn.decision.record, layer_of(turn, action.layer)
        if revision == record.stable or (state is not None and state.active == revision):
            continue
        what = f"{turn.who} promoted {revision} on layer {action.layer} in attempt {record.attempt}"
        for missing in _unanswered(turn.look.rollout, record, revision, Stage.PRE_PREVIEW, Stage.PRE_PROMOTION):
            yield Broken(landed.number, f"{what} although {missing}")
        now = landed.after.record
        if now is not None and now.attempt != record.attempt and now.stable != revision:
            yield Broken(landed.number, f"{what}, and the write landed in attempt {now.attempt}")
    for turn in facts.turns:
        yield from _made_stable(turn)
        yield from _said_yes_for_nothing(turn)
    yield from _waived(facts)


def _unanswered(rollout: Rollout, record: Record, revision: RevisionId, *stages: Stage) -> Iterator[str]:
    """A few words for each gate of these stages that has not said yes to the revision in the record's attempt."""
    mine = (revision, record.attempt)
    if record.current != revision:
        yield f"the attempt is about {record.current}"
        return
    if record.waiver is not None and (record.waiver.revision, record.waiver.attempt) == mine:
        return
    for gate in [gate for stage in stages for gate in gates_of(rollout, stage)]:
        answers = [one.answer for one in record.gates if (one.gate, one.revision, one.attempt) == (gate.name, *mine)]
        if answers != ["yes"]:
            yield f"gate {gate.name} answered {answers[0] if answers and answers[0] else 'nothing'} in it"


def _said_yes_for_nothing(turn: Turn) -> Iterator[Broken]:
    """Every yes that this turn took down is the gate's own, on what was approved and measured in this attempt."""
    before, record, rollout = turn.look.record, turn.decision.record, turn.look.rollout
    if record is before or not any(one.answer == "yes" for one in record.gates):
        return
    known = {(one.gate, one.attempt) for one in before.gates if one.answer == "yes"} if before else set()
    gates = {gate.name: gate for stage in Stage for gate in gates_of(rollout, stage)}
    for memory in record.gates:
        if memory.answer != "yes" or (memory.gate, memory.attempt) in known or memory.gate not in gates:
            continue
        gate, mine = gates[memory.gate], (memory.revision, memory.attempt)
        approvals = [one for one in record.approvals if (one.gate, one.revision, one.attempt) == (gate.name, *mine)]
        outcomes = tuple(one for one in record.outcomes if (one.key.revision, one.key.attempt) == mine)
        release = Release(
            rollout,
            memory.revision,
            record.stable,
            memory.attempt,
            memory.asked_at,
            approvals[0] if approvals else None,
            outcomes,
            again=record.asked_again(gate.name),
            run=memory.run,
        )
        late = gate.deadline_seconds is not None and gate.on_deadline is OnDeadline.CONTINUE
        if not late and not isinstance(answer := gate.answer(release, turn.look.at), Yes):
            what = f"{turn.who} took a yes of gate {gate.name} for {memory.revision} in attempt {memory.attempt}"
            yield Broken(turn.number, f"{what}, and asked again it says: {answer.reason}")


def _made_stable(turn: Turn) -> Iterator[Broken]:
    before, after = turn.look.record, turn.decision.record
    if before is None or after.stable in (before.stable, None) or not isinstance(after.phase, Healthy):
        return
    revision = after.phase.revision
    for missing in _unanswered(turn.look.rollout, after, revision, *BEFORE_STABLE):
        yield Broken(turn.number, f"{turn.who} made {revision} the stable one although {missing}")


def _waived(facts: Facts) -> Iterator[Broken]:
    """A first deployment has nothing to fall back on; the fast track is for what was stable and never taken back."""
    proven: set[RevisionId] = set()
    for turn in facts.turns:
        before, record = turn.look.record, turn.decision.record
        if given_up(record) and record.phase.revision is not None:
            proven.discard(record.phase.revision)
        if isinstance(record.phase, Healthy):
            proven.add(record.phase.revision)
        waiver, known = record.waived(), before.waived() if before else None
        if waiver is None or (known and (known.attempt, known.why) == (waiver.attempt, waiver.why)):
            continue
        what = f"{turn.who} asks no gate about {waiver.revision} in attempt {waiver.attempt} ({waiver.why})"
        if waiver.why == "first deployment" and before is not None and before.stable is not None:
            yield Broken(turn.number, f"{what}, but {before.stable} is stable")
        elif waiver.why.startswith("fast track") and waiver.revision not in proven:
            yield Broken(turn.number, f"{what}, but it was not stable before, or was taken back since")
        elif waiver.why == "promote-full":
            request = before.request if before else None
            if request is None or (request.what, request.revision) != ("promote-full", waiver.revision):
                yield Broken(turn.number, f"{what}, but nobody asked for that")
