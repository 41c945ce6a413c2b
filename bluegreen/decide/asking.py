"""Asking the gates, remembering their answers, and keeping the work they ask for under way."""

from __future__ import annotations

from typing import assert_never

from attrs import evolve

from bluegreen.actions import Cancel, Task
from bluegreen.decide.plan import Plan
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
    gates_of,
)
from bluegreen.record import GateMemory, Reason
from bluegreen.snapshot import Outcome


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


def cancel_others(plan: Plan, *, all_of_them: bool = False) -> None:
    """Cancels the work of earlier attempts, or all work; it stays asked for until its outcome says that it ended."""
    mine = (plan.record.current, plan.record.attempt)
    for key in plan.record.asked:
        if all_of_them or (key.revision, key.attempt) != mine:
            plan.act(Cancel(key))


def begun(plan: Plan) -> bool:
    """Some gate has been asked in this attempt."""
    return any(_mine(plan, memory) for memory in plan.record.gates)


def ask(plan: Plan, stage: Stage) -> tuple[Gate | None, Answer]:
    """The first gate of this stage that has not said yes, with its answer; (None, Yes) when all have."""
    if waiver := plan.record.waived():
        return None, Yes(waiver.why)
    for gate in gates_of(plan.rollout, stage):
        memory = _memory(plan, gate)
        if memory.answer == "yes":
            continue
        if memory.answer == "no":
            return gate, No(memory.why)
        answer = _by_deadline(plan, gate, memory, _answer(plan, gate, memory))
        match answer:
            case Yes(reason):
                _remember(plan, evolve(memory, answer="yes", why=reason))
                plan.note(f"Gate {gate.name} said yes", why=reason)
                continue
            case No(reason):
                _remember(plan, evolve(memory, answer="no", why=reason))
            case WaitUntil(when, _, tasks):
                plan.wake(when)
                _start(plan, tasks)
            case CannotSay(_, tasks):
                _start(plan, tasks)
            case _:
                assert_never(answer)
        return gate, answer
    return None, Yes("every gate said yes")


def reason_of(plan: Plan, gate: Gate) -> Reason:
    """Why a rollout is Degraded whose gate said no."""
    memory = _memory(plan, gate)
    late = gate.deadline_seconds is not None and plan.passed(memory.asked_at, gate.deadline_seconds)
    return Reason.GATE_DEADLINE if late and memory.why.startswith("no answer") else Reason.GATE_FAILED


def _mine(plan: Plan, memory: GateMemory) -> bool:
    return (memory.revision, memory.attempt) == (plan.record.current, plan.record.attempt)


def _memory(plan: Plan, gate: Gate) -> GateMemory:
    for memory in plan.record.gates:
        if memory.gate == gate.name and _mine(plan, memory):
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
    )
    try:
        return gate.answer(release, plan.now)
    except Exception as error:  # somebody else's code: its fault must not take aborts and scaling down with it
        return CannotSay(f"the gate itself failed: {type(error).__name__}: {error}")


def _by_deadline(plan: Plan, gate: Gate, memory: GateMemory, answer: Answer) -> Answer:
    if gate.deadline_seconds is None or isinstance(answer, Yes | No):
        return answer
    if not plan.passed(memory.asked_at, gate.deadline_seconds):
        return answer
    late = f"no answer within {gate.deadline_seconds} s ({answer.reason})"
    match gate.on_deadline:
        case OnDeadline.ABORT:
            return No(late)
        case OnDeadline.CONTINUE:
            return Yes(f"{late}; it is declared to continue then")
        case OnDeadline.HOLD:
            return CannotSay(f"{late}; held")
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
