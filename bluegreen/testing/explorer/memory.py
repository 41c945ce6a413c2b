"""Records as the search keeps them: the same memory is the same number, whatever time it is and whatever was said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
from attrs import evolve

from bluegreen.decide.declared import gates_of
from bluegreen.gates import LAST_RETRY_S, ClockGate, Gate, HookGate, ManualGate, Stage
from bluegreen.record import RECOVERING, Degraded, Healthy, LayerMemory, Paused, Phase, Progressing, Promoting, Record
from bluegreen.testing.explorer.check import Check
from bluegreen.testing.explorer.scope import Scope
from bluegreen.testing.explorer.states import Table

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
"""The moment at which everything is decided: time passes by making what is remembered older."""
HOLD_S = 30
"""The longest of the delays that are no field of a rollout."""
HEALS_S = 120
"""So long a layer must have stayed where it was for its drifts to be counted anew."""


class Memory:
    """All records met so far. What decides nothing is left out: history, messages, who asked and since when a phase is.

    Times are kept as ages, and no age is larger than the longest delay it is ever held against.
    """

    def __init__(self, scope: Scope) -> None:
        rollout, strategy, policy = scope.rollout, scope.rollout.strategy, scope.rollout.policy
        self._records: Table[Record | None] = Table()
        self._known: dict[Record, int] = {}
        self._older: dict[tuple[int, float], int] = {}
        self._records.number(None)
        self._settle_s = max(0.0 if scope.probed else policy.settle_seconds, policy.drain_min_seconds)
        if scope.outsiders:  # without them there are few drifts, and no age of one matters before the second
            self._settle_s = max(self._settle_s, HEALS_S)
        self._progress_s = rollout.progress_deadline_seconds
        self._off_s = max(2 * HOLD_S, policy.layer_deadline_seconds, self._progress_s)
        gates = [gate for stage in Stage for gate in gates_of(rollout, stage)]
        self._asked_s = max([strategy.auto_promotion_seconds, *(gate.deadline_seconds or 0 for gate in gates)])
        self._run_s = max((_measured_s(gate) for gate in gates), default=0.0)
        self.life_s = float(max(HOLD_S, policy.layer_deadline_seconds, self._progress_s))
        """A process that is older than this counts every deadline."""

    def record(self, number: int) -> Record | None:
        """The record of this number; 0 is none at all."""
        return self._records.things[number]

    def number(self, record: Record | None) -> int:
        """The record's number, once what decides nothing is left out."""
        if record is None:
            return 0
        found = self._known.get(record)
        if found is None:
            found = self._records.number(self._plain(record))
            if len(self._known) < 200_000:
                self._known[record] = found
        return found

    def older(self, number: int, seconds: float) -> int:
        """The same record, so many seconds later."""
        if not number:
            return 0
        found = self._older.get((number, seconds))
        if found is None:
            aged = _aged(self._records.things[number], timedelta(seconds=seconds))
            found = self._older[number, seconds] = self._records.number(self._plain(aged))
        return found

    def _plain(self, record: Record) -> Record:
        gates = [evolve(one, asked_at=_at_most(one.asked_at, max(self._asked_s, self._run_s))) for one in record.gates]
        return evolve(
            record,
            phase=self._plain_phase(record.phase),
            waiver=record.waiver and evolve(record.waiver, at=NOW),
            request=record.request and evolve(record.request, at=NOW),
            gates=tuple(sorted(gates, key=lambda one: one.gate)),
            approvals=tuple(evolve(one, at=NOW) for one in record.approvals),
            asked=tuple(sorted(record.asked, key=lambda one: (one.attempt, one.run, one.metric, one.number))),
            outcomes=tuple(
                evolve(
                    one,
                    started_at=_at_most(one.started_at, self._run_s),
                    finished_at=_at_most(one.finished_at, self._run_s),
                )
                for one in record.outcomes
            ),
            outstanding=(),
            retained=tuple(evolve(one, since=_at_most(one.since, one.delay_s or 0)) for one in record.retained),
            layers=tuple(self._plain_layer(one) for one in record.layers),
            dead_since=_at_most(record.dead_since, HOLD_S),
            history=(),
            saved_at=None,
        )

    def _plain_phase(self, phase: Phase) -> Phase:
        match phase:
            case Progressing():
                at = _at_most(phase.progressed_at, self._progress_s)
                return evolve(phase, since=NOW, message="", progressed_at=at)
            case Degraded():
                at = _at_most(phase.progressed_at, self._progress_s)
                if phase.reason in RECOVERING:  # what it says then stays as it is until something moves
                    return evolve(phase, since=NOW, progressed_at=at)
                return evolve(phase, since=NOW, message="", why="", progressed_at=at)
            case Paused() | Promoting():
                return evolve(phase, since=NOW, message="", until=None)
            case Healthy():
                return evolve(phase, since=NOW, message="")

    def _plain_layer(self, one: LayerMemory) -> LayerMemory:
        converged_at = _at_most(one.converged_at, self._settle_s)
        return evolve(one, converged_at=converged_at, off_since=_at_most(one.off_since, self._off_s))


def _measured_s(gate: Gate) -> float:
    """How long what a gate has measured may matter; an hour for gates that are not known here."""
    if isinstance(gate, Check | ManualGate | ClockGate):
        return 0.0
    return LAST_RETRY_S if isinstance(gate, HookGate) else 3600.0


def _at_most(moment: datetime | None, seconds: float) -> Any:
    """The moment, no longer ago than so many seconds."""
    return None if moment is None else max(moment, NOW - timedelta(seconds=seconds))


def _aged(value: Any, by: timedelta) -> Any:
    if isinstance(value, datetime):
        return value - by
    if isinstance(value, tuple):
        return tuple(_aged(one, by) for one in value)
    if attrs.has(type(value)):
        return evolve(value, **{one.name: _aged(getattr(value, one.name), by) for one in attrs.fields(type(value))})
    return value
