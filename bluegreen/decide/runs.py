"""The analysis runs of earlier attempts: how many are kept, and how those end that their attempt ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve

from bluegreen.record import Record
from bluegreen.runs import AnalysisPhase, AnalysisRun
from bluegreen.spec import Rollout


def kept_runs(rollout: Rollout, runs: Sequence[AnalysisRun]) -> tuple[AnalysisRun, ...]:
    """The newest runs, as many as `spec.analysis` says: successful ones, and others, oldest first."""
    good = [one for one in runs if one.phase is AnalysisPhase.SUCCESSFUL]
    bad = [one for one in runs if one.phase is not AnalysisPhase.SUCCESSFUL]
    left = rollout.successful_run_history_limit, rollout.unsuccessful_run_history_limit
    names = [
        (one.attempt, one.id)
        for few, limit in zip((good, bad), left, strict=True)
        for one in few[len(few) - min(limit, len(few)) :]
    ]
    return tuple(one for one in runs if (one.attempt, one.id) in names)


def put_away(rollout: Rollout, record: Record, now: datetime) -> Record:
    """The record of an attempt that gives way to the next: its runs join those that are kept."""
    mine = [memory.run.ended(now, "its attempt ended") for memory in record.gates if memory.run]
    return evolve(record, runs=kept_runs(rollout, (*record.runs, *mine))) if mine else record
