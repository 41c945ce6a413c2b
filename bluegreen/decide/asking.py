"""Asking the gates, remembering their answers, and keeping the work they ask for under way."""

from __future__ import annotations

from typing import assert_never

from attrs import evolve

from bluegreen.actions import Cancel, Task
from bluegreen.decide.declared import gates_of
from bluegreen.decide.plan import Plan
from bluegreen.decide.runs import kept_runs
from bluegreen.gates import (
    Answer,
    CannotSay,
    Gate,
    No,
    OnDeadline,
    Release,
    Stage,
    WaitUntil,
    Yes,
)
from bluegreen.record import (
    FIRST_DEPLOYMENT,
    RECOVERING,
    Degraded,
    GateMemory,
    Healthy,
    Reason,
    Waiver,
)
from bluegreen.runs import AnalysisRun
from bluegreen.snapshot import Key, Outcome


def acknowledge(plan: Plan) -> None:
    """Takes the outcomes that came back into the record, and stops asking for what they answer."""
    record = plan.record
    mine = (record.current, record.attempt)
    came = [one for one in plan.snapshot.outcomes if one.key in record.asked]
    if not came:
        return
    keys = {one.key for one in came}
    kept: tuple[Outcome, ...] = tuple(one for one in came if (one.key.revision, one.key.attempt) == mine)
    plan.remember(
        asked=tuple(key for key in record.asked if key not in keys),
        outcomes=(*record.outcomes, *sorted(kept, key=lambda one: (one.finished_at, one.key.run, one.key.number))),
    )


def cancel_unwanted(plan: Plan) -> None:
    """Cancels the work that no gate waits for any more; it stays asked for until its outcome says that it ended."""
    for key in plan.record.asked:
        if not _wanted(plan, key):
            plan.act(Cancel(key))


def _wanted(plan: Plan, key: Key) -> bool:
    """Whether some gate that is being asked may still wait for this work."""
    record = plan.record
    if (key.revision, key.attempt) != (record.current, record.attempt):
        return False
    stages = _open_stages(plan)
    for stage in Stage:
        for gate in gates_of(plan.rollout, stage):
            if _belongs(key, gate):
                return stage in stages and _open(plan, gate) and key in plan.awaited.get(gate.name, (key,))
    return bool(stages - {Stage.ON_ABORT})  # a gate of one's own may call its work what it likes


def _belongs(key: Key, gate: Gate) -> bool:
    name, _, number = key.run.rpartition(".")
    return key.run == gate.name or (name == gate.name and number.isdecimal())


def _open_stages(plan: Plan) -> set[Stage]:
    """The stages whose gates may be asked in this phase."""
    record, phase = plan.record, plan.record.phase
    if isinstance(phase, Degraded) and phase.reason not in RECOVERING:
        return set() if phase.reason is Reason.FROZEN else {Stage.ON_ABORT}
    if isinstance(phase, Healthy) or record.current == record.stable:
        return set()
    return {stage for stage in Stage if stage is not Stage.ON_ABORT and _waived(plan, stage) is None}


def _waived(plan: Plan, stage: Stage) -> Waiver | None:
    """Why no gate of this stage is asked in this attempt. What a first deployment needs done before, it needs too."""
    waiver = plan.record.waived()
    needed = stage is Stage.ON_ABORT or (stage is Stage.PRE_PREVIEW and waiver and waiver.why == FIRST_DEPLOYMENT)
    return None if needed else waiver


def begun(plan: Plan) -> bool:
    """Some gate before the promotion has been asked in this attempt."""
    names = {gate.name for gate in gates_of(plan.rollout, Stage.PRE_PROMOTION)}
    return any(_mine(plan, memory) and memory.gate in names for memory in plan.record.gates)


def ask(plan: Plan, stage: Stage) -> tuple[Gate | None, Answer]:
    """The first gate of this stage that has not said yes, with its answer; (None, Yes) when all have."""
    if waiver := _waived(plan, stage):
        return None, Yes(waiver.why)
    for gate in gates_of(plan.rollout, stage):
        memory = _memory(plan, gate)
        if memory.answer == "yes":
            continue
        if memory.answer == "no":
            return gate, No(memory.why)
        answer = _asked(plan, gate, memory)
        if isinstance(answer, Yes):
            continue
        return gate, answer
    return None, Yes("every gate said yes")


def follow_up(plan: Plan) -> str:
    """Asks every gate that follows an abort, whatever the others say. What is still under way, in words; else empty."""
    waits: list[str] = []
    for gate in gates_of(plan.rollout, Stage.ON_ABORT):
        memory = _memory(plan, gate)
        if memory.answer:
            continue
        answer = _asked(plan, gate, memory)
        if isinstance(answer, No):
            plan.note(f"Gate {gate.name} said no", why=answer.reason)
        elif not isinstance(answer, Yes):
            waits.append(f"{gate.name} {answer.reason}")
    return "; ".join(waits)


def following_up(plan: Plan) -> bool:
    """Something that follows an abort has not ended."""
    return any(_open(plan, gate) for gate in gates_of(plan.rollout, Stage.ON_ABORT))


def _asked(plan: Plan, gate: Gate, memory: GateMemory) -> Answer:
    """One gate's answer, taken down, with the work that it asks for begun."""
    answer = _by_deadline(plan, gate, memory, _answer(plan, gate, memory))
    if answer.run is not None:
        _take_run(plan, gate, memory, answer.run)
        memory = evolve(memory, run=answer.run)
    tasks: tuple[Task, ...] = ()
    match answer:
        case Yes(reason):
            _remember(plan, evolve(memory, answer="yes", why=reason))
            plan.note(f"Gate {gate.name} said yes", why=reason)
        case No(reason):
            _remember(plan, evolve(memory, answer="no", why=reason))
        case WaitUntil(when, _, tasks):
            plan.wake(when)
            _start(plan, tasks)
        case CannotSay(_, tasks):
            _start(plan, tasks)
        case _:
            assert_never(answer)
    plan.awaited[gate.name] = tuple(task.key for task in tasks)
    return answer


def _take_run(plan: Plan, gate: Gate, memory: GateMemory, run: AnalysisRun) -> None:
    """Keeps what a gate has come to, in place of the outcomes that went into it."""
    if memory.run is not None and memory.run.id != run.id:
        plan.remember(runs=kept_runs(plan.rollout, (*plan.record.runs, memory.run.ended(plan.now, "it began anew"))))
    if memory.run != run:
        _remember(plan, evolve(memory, run=run))
    if any(_belongs(one.key, gate) for one in plan.record.outcomes):
        plan.remember(outcomes=tuple(one for one in plan.record.outcomes if not _belongs(one.key, gate)))


def reason_of(plan: Plan, gate: Gate) -> Reason:
    """Why a rollout is Degraded whose gate said no."""
    memory = _memory(plan, gate)
    late = gate.deadline_seconds is not None and plan.passed(memory.asked_at, gate.deadline_seconds)
    return Reason.GATE_DEADLINE if late and memory.why.startswith("no answer") else Reason.GATE_FAILED


def _mine(plan: Plan, memory: GateMemory) -> bool:
    return (memory.revision, memory.attempt) == (plan.record.current, plan.record.attempt)


def _known(plan: Plan, gate: Gate) -> GateMemory | None:
    return next((one for one in plan.record.gates if one.gate == gate.name and _mine(plan, one)), None)


def _open(plan: Plan, gate: Gate) -> bool:
    memory = _known(plan, gate)
    return memory is None or not memory.answer


def _memory(plan: Plan, gate: Gate) -> GateMemory:
    if memory := _known(plan, gate):
        return memory
    assert plan.record.current is not None  # nothing is asked before there is something to ask about
    memory = GateMemory(gate.name, plan.record.current, plan.record.attempt, plan.now)
    _remember(plan, memory)
    return memory


def _remember(plan: Plan, memory: GateMemory) -> None:
    others = tuple(one for one in plan.record.gates if one.gate != memory.gate and _mine(plan, one))
    plan.remember(gates=(*others, memory))


def _answer(plan: Plan, gate: Gate, memory: GateMemory) -> Answer:
    record = plan.record
    release = Release(
        rollout=plan.rollout,
        revision=memory.revision,
        stable=record.stable,
        attempt=record.attempt,
        asked_at=memory.asked_at,
        approval=record.approved(gate.name),
        outcomes=record.outcomes,
        asked=record.asked,
        again=record.asked_again(gate.name),
        run=memory.run,
    )
    try:
        return gate.answer(release, plan.now)
    except Exception as error:  # somebody else's code: its fault must not take aborts and scaling down with it
        return CannotSay(f"the gate itself failed: {type(error).__name__}: {error}", run=memory.run)


def _by_deadline(plan: Plan, gate: Gate, memory: GateMemory, answer: Answer) -> Answer:
    if gate.deadline_seconds is None or isinstance(answer, Yes | No):
        return answer
    if not plan.passed(memory.asked_at, gate.deadline_seconds):
        return answer
    late = f"no answer within {gate.deadline_seconds} s ({answer.reason})"
    run = answer.run
    match gate.on_deadline:
        case OnDeadline.ABORT:
            return No(late, run.ended(plan.now, late) if run else None)
        case OnDeadline.CONTINUE:
            return Yes(f"{late}; it is declared to continue then", run.ended(plan.now, late) if run else None)
        case OnDeadline.HOLD:
            return CannotSay(f"{late}; held", answer.tasks, run=run)
        case _:
            assert_never(gate.on_deadline)


def _start(plan: Plan, tasks: tuple[Task, ...]) -> None:
    known = {one.key for one in plan.record.outcomes}
    for task in tasks:
        if task.key in known:
            continue
        if task.key not in plan.record.asked:
            plan.remember(asked=(*plan.record.asked, task.key))
        if task.key not in plan.snapshot.running:
            plan.act(task)
