"""A run as a gate: what is measured before or after a promotion decides whether it goes on."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from attrs import field, frozen

from bluegreen.analysis.advancing import About, Progress, advance, definition_of
from bluegreen.gates import Answer, CannotSay, No, OnDeadline, Release, Stage, WaitUntil, Yes
from bluegreen.record import PauseReason
from bluegreen.runs import AnalysisPhase, AnalysisRun
from bluegreen.spec import Analysis


@frozen
class AnalysisGate:
    """Opens when an analysis succeeds, closes when it fails or errs; without a verdict a person has to look."""

    name: str
    stage: Stage
    analysis: Analysis
    deadline_seconds: int | None = field(default=None, init=False)
    on_deadline: OnDeadline = field(default=OnDeadline.HOLD, init=False)

    def answer(self, release: Release, now: datetime) -> Answer:
        """The run's verdict, or what to measure next.

        Somebody's yes stands in place of a verdict. A run begins anew when somebody wished so after one without a
        verdict, or when something else is declared than what it began with.
        """
        run = self._run(release, now)
        if release.approval:
            why = f"approved by {release.approval.by}"
            said = f" (the analysis said {run.phase})" if run.phase.over else ""
            return Yes(why + said, run.ended(now, why))
        about = About(release.revision, release.stable, release.rollout.template)
        progress = advance(self.analysis, run, release.outcomes, about, now)
        run = progress.run
        match run.phase:
            case AnalysisPhase.SUCCESSFUL:
                return Yes(run.message, run)
            case AnalysisPhase.FAILED:
                return No(run.message, run)
            case AnalysisPhase.ERROR:
                return No(f"it could not be measured: {run.message}", run)
            case AnalysisPhase.INCONCLUSIVE:
                return CannotSay(self._what_to_look_at(run), pause=PauseReason.INCONCLUSIVE, run=run)
            case AnalysisPhase.PENDING | AnalysisPhase.RUNNING:
                return self._measuring(progress)
            case _:
                assert_never(run.phase)

    def _run(self, release: Release, now: datetime) -> AnalysisRun:
        """The run in hand, or a new one."""
        run, definition = release.run, definition_of(self.analysis)
        if run is not None and run.definition == definition and run.again >= release.again:
            return run
        number = run.number + 1 if run else 0
        return AnalysisRun(self.name, release.revision, release.attempt, now, number, definition, again=release.again)

    def _measuring(self, progress: Progress) -> Answer:
        counts = [
            f"{one.name} {one.count}/{metric.wanted}"
            for one, metric in zip(progress.run.metrics, self.analysis.metrics, strict=True)
        ]
        worst = [
            one.message
            for one in progress.run.metrics
            if one.failed or one.consecutive_error or one.inconclusive or one.consecutive_no_data
        ]
        reason = f"measures: {', '.join(counts)}" + (f" ({'; '.join(worst)})" if worst else "")
        if progress.when is not None:
            return WaitUntil(progress.when, reason, progress.tasks, run=progress.run)
        return CannotSay(reason, progress.tasks, run=progress.run)

    def _what_to_look_at(self, run: AnalysisRun) -> str:
        ways = f"promote measures once more, approve --gate {self.name} goes on, abort gives up"
        return f"came to no verdict: {run.message}. {ways}"
