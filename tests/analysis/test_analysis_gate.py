"""A run as a gate: what it answers, and when it begins anew. (In a world: tests/decide/test_analysis.py.)"""

from __future__ import annotations

from attrs import evolve

from bluegreen.analysis import AnalysisGate
from bluegreen.gates import Answer, CannotSay, No, OnDeadline, Release, Stage, WaitUntil, Yes
from bluegreen.record import Approval, PauseReason
from bluegreen.runs import AnalysisPhase, AnalysisRun
from bluegreen.snapshot import Outcome
from bluegreen.spec import Analysis, Metric
from tests.support.measuring import E, F, I, S, at, metric, outcome
from tests.support.slow_verdicts import Seen
from tests.support.worlds import START, V1, V2, rollout

RELEASE = Release(rollout(), V2, V1, 2, START)
ANN = Approval("pre", V2, 2, "ann", START)


def gate(*metrics: Metric) -> AnalysisGate:
    """A gate of these metrics, or of one that is measured twice."""
    return AnalysisGate("pre", Stage.PRE_PROMOTION, Analysis(metrics or (metric(count=2, interval_seconds=10),)))


def run_of(answer: Answer) -> AnalysisRun:
    """The run that came with the answer."""
    assert answer.run is not None
    return answer.run


def asked(one: AnalysisGate, release: Release, *came: Seen) -> Answer:
    """The gate's answer after these; time goes on as far as it has to."""
    answer, second = one.answer(release, at(0)), 0.0
    for seen in came:
        assert not isinstance(answer, Yes | No)
        if isinstance(answer, WaitUntil) and not answer.tasks:
            second = (answer.when - START).total_seconds()
            answer = one.answer(evolve(release, run=answer.run), at(second))
            assert isinstance(answer, WaitUntil | CannotSay)
        told: tuple[Outcome, ...] = tuple(outcome(task.key, seen, at(second)) for task in answer.tasks)
        answer = one.answer(evolve(release, run=answer.run, outcomes=told), at(second))
    return answer


def test_it_holds_for_as_long_as_it_takes() -> None:
    assert (gate().deadline_seconds, gate().on_deadline) == (None, OnDeadline.HOLD)


def test_it_measures_first() -> None:
    answer = asked(gate(), RELEASE)
    assert isinstance(answer, CannotSay)
    assert answer.reason == "measures: success-rate 0/2"
    assert [task.key.attempt for task in answer.tasks] == [2]
    assert answer.pause is PauseReason.GATE


def test_it_waits_between_measurements() -> None:
    answer = asked(gate(), RELEASE, S)
    assert isinstance(answer, WaitUntil)
    assert (answer.when, answer.reason) == (at(10), "measures: success-rate 1/2")


def test_it_says_what_is_not_well_so_far() -> None:
    answer = asked(gate(), RELEASE, E)
    assert isinstance(answer, WaitUntil)
    assert answer.reason == "measures: success-rate 0/2 (success-rate: HTTP 503)"


def test_its_answer_is_the_verdict() -> None:
    good, bad, error, unclear = (
        asked(gate(), RELEASE, S, S),
        asked(gate(), RELEASE, F),
        asked(gate(metric(consecutive_error_limit=0)), RELEASE, E),
        asked(gate(), RELEASE, I),
    )
    assert isinstance(good, Yes)
    assert good.reason == "success-rate: 2 of 2 measurements successful"
    assert isinstance(bad, No)
    assert bad.reason.endswith("1st failure of 0 allowed")
    assert isinstance(error, No)
    assert error.reason == "it could not be measured: success-rate: HTTP 503, 1st error in a row"
    assert isinstance(unclear, CannotSay)
    assert unclear.pause is PauseReason.INCONCLUSIVE
    assert unclear.tasks == ()
    assert unclear.reason.startswith("came to no verdict: success-rate: [0.5]: neither ")
    assert unclear.reason.endswith("promote measures once more, approve --gate pre goes on, abort gives up")


def test_a_yes_of_a_person_stands_in_place_of_a_verdict() -> None:
    running = asked(gate(), RELEASE, S)
    answer = gate().answer(evolve(RELEASE, run=running.run, approval=ANN), at(3))
    assert isinstance(answer, Yes)
    assert answer.reason == "approved by ann"
    assert run_of(answer).phase is AnalysisPhase.INCONCLUSIVE
    assert run_of(answer).message == "ended without a verdict: approved by ann"


def test_a_yes_of_a_person_leaves_the_verdict_as_it_was() -> None:
    unclear = asked(gate(), RELEASE, I)
    answer = gate().answer(evolve(RELEASE, run=unclear.run, approval=ANN), at(3))
    assert isinstance(answer, Yes)
    assert answer.reason == "approved by ann (the analysis said Inconclusive)"
    assert answer.run == unclear.run


def test_it_begins_anew_when_somebody_wishes_so() -> None:
    unclear = asked(gate(), RELEASE, I)
    answer = gate().answer(evolve(RELEASE, run=unclear.run, again=1), at(60))
    assert isinstance(answer, CannotSay)
    again = run_of(answer)
    assert (again.id, again.again, again.started_at) == ("pre.1", 1, at(60))
    assert [task.key.run for task in answer.tasks] == ["pre.1"]
    assert again.metrics[0].taken == 0
    same = gate().answer(evolve(RELEASE, run=again, again=1), at(61))
    assert run_of(same).id == "pre.1"


def test_it_begins_anew_when_something_else_is_declared() -> None:
    """Nothing that was measured under another declaration counts."""
    first = asked(gate(), RELEASE, S)
    other = gate(metric(count=2, interval_seconds=10, success_condition="result[0] >= 0.99"))
    answer = other.answer(evolve(RELEASE, run=first.run), at(10))
    assert (run_of(answer).id, run_of(answer).metrics[0].taken) == ("pre.1", 0)


def test_a_run_that_was_ended_never_becomes_a_success() -> None:
    running, over = run_of(asked(gate(), RELEASE, S)), run_of(asked(gate(), RELEASE, S, S))
    assert running.ended(at(9), "its attempt ended").phase is AnalysisPhase.INCONCLUSIVE
    assert running.ended(at(9), "its attempt ended").finished_at == at(9)
    assert over.ended(at(9), "its attempt ended") == over
