"""Asking the real `decide`: what an engine sees is built from a state, and its decision taken back into one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from attrs import evolve

from bluegreen.actions import Action, Cancel, Ensure, Forget, Measure, Point, Prepare, Retire, RunHook
from bluegreen.decide import Decision, decide
from bluegreen.engine.events import Looked
from bluegreen.record import Record, Write
from bluegreen.snapshot import (
    EVERYTHING as ALL,
)
from bluegreen.snapshot import (
    NOTHING as NONE,
)
from bluegreen.snapshot import (
    Key,
    LayerSeen,
    Observed,
    Outcome,
    RevisionState,
    RouterState,
    Shown,
    Slot,
    Snapshot,
    Target,
    Unobserved,
    WorkloadsState,
)
from bluegreen.testing.explorer.memory import NOW, Memory
from bluegreen.testing.explorer.safety import Judge
from bluegreen.testing.explorer.scope import Scope
from bluegreen.testing.explorer.states import (
    CANCELLED,
    EVERYTHING,
    FRESH,
    NO_SLOT,
    NOT_NEEDED,
    NOTHING,
    RUNNING,
    STALE,
    Act,
    Layer,
    Part,
    Table,
    Works,
)
from bluegreen.testing.trace import Turn

SEEN, EARLIER = "seen", "earlier"
"""The token that a look shows, and one that it does not."""


class Question(NamedTuple):
    """What a decision depends on: the record, what is outstanding by the tokens of this look, and the look itself.

    A part is None when it could not be seen. `cached` are the bits of the parts that say they may be out of date.
    """

    core: int
    declared: int
    age: float
    tasks: tuple[tuple[int, int], ...]
    works: Works | None
    layers: tuple[Layer | None, ...]
    out: tuple[int, ...]
    cached: int = 0


class Verdict(NamedTuple):
    """What was decided. `out` are the outstanding bits by the tokens of the look, `wake_s` when it is due again.

    `broken` is the first promise that the decision breaks.
    """

    core: int
    out: tuple[int, ...]
    acts: tuple[Act, ...]
    wake_s: float | None
    decision: Decision
    broken: str


class Decider:
    """Decides, and never the same question twice."""

    def __init__(self, scope: Scope, memory: Memory) -> None:
        self.keys: Table[Key] = Table()
        self.tasks: dict[int, Action] = {}
        self.ways: set[tuple[str, str]] = set()
        self._scope = scope
        self._memory = memory
        self._names = scope.revisions
        self._objects = (*(f"layer:{one}" for one in scope.layers), *(f"revision:{one}" for one in self._names))
        self._layer_number = {name: number for number, name in enumerate(scope.layers)}
        self._number = {name: number for number, name in enumerate(self._names)}
        self._verdicts: dict[Question, Verdict] = {}
        self._parts: dict[Any, Any] = {}
        self._judge = Judge(scope.rollout)

    def __len__(self) -> int:
        return len(self._verdicts)

    def verdict(self, question: Question) -> Verdict:
        """What `decide` says."""
        found = self._verdicts.get(question)
        if found is None:
            found = self._verdicts[question] = self._decide(question)
        return found

    def decided(self) -> Iterator[tuple[tuple[Shown | None, ...], Decision]]:
        """All decisions so far, each with what the layers showed; None where one could not be looked at."""
        for question, verdict in self._verdicts.items():
            yield tuple(one and self.shown(one.active) for one in question.layers), verdict.decision

    def look(self, question: Question) -> tuple[Record | None, Snapshot]:
        """What the engine sees."""
        record = self._memory.record(question.core)
        if record is not None:
            record = evolve(record, outstanding=tuple(self._writes(question.out)))
        running = frozenset(self.keys.things[key] for key, how in question.tasks if how == RUNNING)
        ended = tuple(self._outcome(key, how) for key, how in question.tasks if how != RUNNING)
        snapshot = Snapshot(
            self._works(question.works, question.declared, not question.cached & 1),
            tuple(
                self._layer(number, layer, not question.cached >> number + 1 & 1)
                for number, layer in enumerate(question.layers)
            ),
            NOW - timedelta(seconds=question.age),
            outcomes=ended,
            running=running,
        )
        return record, snapshot

    def _decide(self, question: Question) -> Verdict:
        record, snapshot = self.look(question)
        decision = decide(self._scope.rollout, record, snapshot, NOW)
        wake_s = None if decision.wake_at is None else (decision.wake_at - NOW).total_seconds()
        turn = Turn(0, 0.0, "an engine", Looked(record, snapshot, NOW, self._scope.rollout), decision)
        after = decision.record if record is not None or decision.record.saved_at else None
        return Verdict(
            self._memory.number(after),
            self._bits(decision.record),
            tuple(sorted({self._act(one, decision.record, question) for one in decision.actions})),
            wake_s,
            decision,
            self._judge.decided(turn),
        )

    # From a state to what is seen.

    def _writes(self, out: tuple[int, ...]) -> list[Write]:
        found: list[Write] = []
        for name, bits in zip(self._objects, out, strict=True):
            if bits & STALE:
                found.append(Write(name, EARLIER))
            if bits & FRESH:
                found.append(Write(name, SEEN))
        return found

    def _works(self, works: Works | None, declared: int, live: bool) -> Observed[WorkloadsState] | Unobserved:
        if works is None:
            return Unobserved(NOW, "connection refused")
        key = (works, declared, live)
        found = self._parts.get(key)
        if found is None:
            states = tuple(
                RevisionState(self._names[number], number + 1, one[0], one[1], SEEN, ready=one[1])
                for number, one in enumerate(works)
                if one is not None
            )
            found = self._parts[key] = Observed(WorkloadsState(self._names[declared], states), NOW, live)
        seen: Observed[WorkloadsState] = found
        return seen

    def _layer(self, number: int, layer: Layer | None, live: bool) -> LayerSeen:
        key = (number, layer, live)
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = LayerSeen(self._scope.layers[number], self._state(layer, live))
        seen: LayerSeen = found
        return seen

    def _state(self, layer: Layer | None, live: bool) -> Observed[RouterState] | Unobserved:
        if layer is None:
            return Unobserved(NOW, "connection refused")
        prepared = None
        if layer.prepared != NOT_NEEDED:
            prepared = frozenset(Target(one) for bit, one in enumerate(self._names) if layer.prepared >> bit & 1)
        state = RouterState(
            active=self.shown(layer.active),
            version=SEEN,
            preview=None if layer.preview == NO_SLOT else self.shown(layer.preview),
            converged=layer.converged,
            probed=self._scope.probed,
            prepared=prepared,
        )
        return Observed(state, NOW, live)

    def shown(self, number: int) -> Shown:
        """What a slot of this number shows."""
        return NONE if number == NOTHING else ALL if number == EVERYTHING else self._names[number]

    def _outcome(self, key: int, how: int) -> Outcome:
        name = self.keys.things[key]
        if how == CANCELLED:
            return Outcome(name, NOW, NOW, error="cancelled", retry=False)
        answer = self._scope.answers[how - 1]
        if isinstance(self.tasks[key], Measure) or answer is True:
            return Outcome(name, NOW, NOW, None if isinstance(self.tasks[key], RunHook) else answer)
        return Outcome(name, NOW, NOW, error="it failed" if answer is False else "it did not begin", retry=not answer)

    # From a decision back to a state.

    def _bits(self, record: Record) -> tuple[int, ...]:
        if not record.outstanding:
            return (0,) * len(self._objects)
        bits = dict.fromkeys(self._objects, 0)
        for write in record.outstanding:
            bits[write.object] |= FRESH if write.token == SEEN else STALE
        return tuple(bits.values())

    def _act(self, action: Action, record: Record, question: Question) -> Act:
        match action:
            case Point(layer, slot, revision):
                on = self._layer_number[layer]
                forward = slot is Slot.ACTIVE and revision != record.stable
                kind = "point" if slot is Slot.ACTIVE else "preview"
                seen = question.layers[on] if not self._scope.guards.tokens_are_unique else None
                return Act(kind, on, self._number[revision], 0, record.attempt if forward else 0, seen)
            case Ensure(revision, replicas):
                return Act("ensure", self._number[revision], self._number[revision], replicas)
            case Retire(revision, _, replicas):
                return Act("retire", self._number[revision], self._number[revision], replicas)
            case Forget(revision):
                return Act("forget", self._number[revision], self._number[revision])
            case Prepare(layer, targets):
                bits = sum(1 << self._number[one.revision] for one in targets)
                return Act("prepare", self._layer_number[layer], 0, bits)
            case Measure(key) | RunHook(key):
                number = self.keys.number(key)
                self.tasks[number] = action
                return Act("start", number)
            case Cancel(key):
                return Act("cancel", self.keys.number(key))


def reading(part: Part, now: tuple[int, ...]) -> tuple[int, ...]:
    """What is outstanding on the part's objects, by the tokens that it shows; `now` is by those of the world."""
    if part.out is not None and part.value is not None:
        return part.out
    if part.out is not None:
        return now
    # Read before the record was loaded: what is outstanding on a later token than the one read looks like an earlier.
    return tuple(bits if part.fresh >> number & 1 else STALE if bits else 0 for number, bits in enumerate(now))
