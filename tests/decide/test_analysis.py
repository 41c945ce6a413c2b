"""Analysis as a gate: what is measured decides whether traffic moves."""

import pytest

from bluegreen import Degraded, Healthy, Paused, commands
from bluegreen.actions import Cancel
from bluegreen.codec import dump_record, dump_rollout, load_record, load_rollout
from bluegreen.record import PauseReason, Reason
from bluegreen.runs import AnalysisPhase
from bluegreen.snapshot import Key
from bluegreen.spec import OnNoData
from tests.support.analyses import POST, PRE, after, analysis, answer, before, fault, metric, run_of
from tests.support.worlds import V1, V2, V3, Play


def test_no_traffic_moves_before_the_analysis_has_succeeded() -> None:
    play = before()
    assert play.running == {Key(V2, 2, PRE, "success-rate", 0)}
    answer(play, 1.0, 0.99)
    assert play.live() == {"edge": V1}
    assert play.phase(Paused).message == "measures: success-rate 2/3"
    answer(play, 0.995)
    assert play.live() == {"edge": V2}
    assert run_of(play).phase is AnalysisPhase.SUCCESSFUL
    assert run_of(play).message == "success-rate: 3 of 3 measurements successful"


def test_auto_promotion_seconds_count_from_when_the_analysis_has_succeeded() -> None:
    play = before(metric(count=1), auto_promotion_seconds=60)
    answer(play, 1.0, seconds=50)
    play.go(9)
    assert play.phase(Paused).reason is PauseReason.CLOCK
    play.go(60)
    assert play.live() == {"edge": V2}


def test_a_failure_aborts_as_soon_as_it_is_certain_and_says_in_words_why() -> None:
    play = before(metric(failure_limit=1, count=5))
    answer(play, 0.962)
    assert isinstance(play.memory.phase, Paused)
    answer(play, 0.95)
    assert play.reason is Reason.GATE_FAILED
    assert "2nd failure of 1 allowed" in play.phase(Degraded).message
    assert play.live() == {"edge": V1}
    assert not play.running


def test_errors_are_tried_again_and_then_abort() -> None:
    play = before(metric(consecutive_error_limit=1))
    fault(play, "connection refused")
    assert not play.running
    assert "connection refused" in play.phase(Paused).message
    play.go(10)
    fault(play, "connection refused")
    assert play.reason is Reason.GATE_FAILED
    assert "it could not be measured" in play.phase(Degraded).message


def test_without_a_verdict_a_person_has_to_look_and_may_say_yes() -> None:
    play = before(metric(count=1, on_no_data=OnNoData.INCONCLUSIVE))
    answer(play, *[], seconds=0)
    play.finish(next(iter(play.running)), [])
    play.go(100)
    paused = play.phase(Paused)
    assert paused.reason is PauseReason.INCONCLUSIVE
    assert "no data" in paused.message
    assert f"approve --gate {PRE}" in paused.message
    assert play.live() == {"edge": V1}
    play.command(commands.approve, gate=PRE)
    play.go(5)
    assert play.live() == {"edge": V2}
    assert play.did(f"Gate {PRE} said yes")
    assert run_of(play).phase is AnalysisPhase.INCONCLUSIVE, "an approval makes no success of it"


def test_data_that_comes_late_is_waited_for_and_held_when_it_never_comes() -> None:
    late = before(metric(count=1))
    late.finish(next(iter(late.running)), [])
    late.go(10)
    answer(late, 1.0)
    assert late.live() == {"edge": V2}
    never = before(metric(count=1))
    for _ in range(5):
        assert never.phase(Paused).reason is PauseReason.GATE
        assert ("no data" in never.phase(Paused).message) is bool(run_of(never).metrics[0].taken)
        never.finish(next(iter(never.running)), [])
        never.go(10)
    assert never.phase(Paused).reason is PauseReason.INCONCLUSIVE
    assert "no data, 5th time in a row" in never.phase(Paused).message


def test_promote_measures_once_more_and_opens_no_pause() -> None:
    play = before(metric(count=1, on_no_data=OnNoData.INCONCLUSIVE), auto_promotion_enabled=False)
    play.finish(next(iter(play.running)), [])
    play.go(5)
    play.command(commands.promote)
    play.go(5)
    assert play.running == {Key(V2, 2, f"{PRE}.1", "success-rate", 0)}
    assert [one.phase for one in play.memory.runs] == [AnalysisPhase.INCONCLUSIVE]
    answer(play, 1.0)
    assert play.phase(Paused).reason is PauseReason.PERSON
    play.command(commands.promote)
    play.go(5)
    assert play.live() == {"edge": V2}


def test_asking_twice_for_another_look_is_asking_once() -> None:
    play = before(metric(count=1, on_no_data=OnNoData.INCONCLUSIVE))
    play.finish(next(iter(play.running)), [])
    play.go(5)
    play.command(commands.promote)
    play.command(commands.promote)
    play.go(5)
    assert play.running == {Key(V2, 2, f"{PRE}.1", "success-rate", 0)}


def test_another_declaration_is_measured_from_the_beginning() -> None:
    play = before()
    answer(play, 1.0)
    play.apply(pre_promotion_analysis=analysis(metric(query={"query": "better"})))
    play.go(5)
    assert Key(V2, 2, f"{PRE}.1", "success-rate", 0) in play.running
    assert run_of(play).metric("success-rate").count == 0
    assert "began anew" in play.memory.runs[0].message


def test_a_run_that_was_ended_is_no_success() -> None:
    play = before()
    answer(play, 1.0)
    play.apply("v3")
    play.go(5)
    ended = play.memory.runs[-1]
    assert (ended.revision, ended.phase) == (V2, AnalysisPhase.INCONCLUSIVE)
    assert "ended without a verdict" in ended.message
    assert run_of(play).revision == V3


@pytest.mark.parametrize("promoted", [True, False])
def test_an_abort_ends_the_run_and_cancels_what_is_measured(promoted: bool) -> None:
    play = after() if promoted else before()
    (key,) = play.running
    play.command(commands.abort)
    decision = play.step()
    assert Cancel(key) in decision.actions
    play.go(5)
    assert run_of(play, POST if promoted else PRE).phase is AnalysisPhase.INCONCLUSIVE
    assert play.live() == {"edge": V1}


def test_a_promotion_in_full_ends_the_run_without_a_verdict() -> None:
    play = before()
    play.command(commands.promote_full)
    play.go(5)
    assert play.live() == {"edge": V2}
    assert run_of(play).phase is AnalysisPhase.INCONCLUSIVE
    assert not play.running


def test_the_first_metric_to_fail_stops_the_others() -> None:
    play = before(metric("a"), metric("b", initial_delay_seconds=5), metric("c", success_condition="result[0] > 2"))
    assert {key.metric for key in play.running} == {"a", "c"}
    play.finish(Key(V2, 2, PRE, "c", 0), [1.0])
    play.go(0)
    assert not play.running
    assert play.reason is Reason.GATE_FAILED
    stopped = run_of(play).metric("a")
    assert (stopped.phase, stopped.message) == (AnalysisPhase.INCONCLUSIVE, "a: stopped, since the run is Failed")


def test_a_dry_run_decides_nothing() -> None:
    play = before(metric("a", count=1), metric("b", count=1, dry_run=True))
    play.finish(Key(V2, 2, PRE, "b", 0), [0.0])
    play.go(0)
    play.finish(Key(V2, 2, PRE, "a", 0), [1.0])
    play.go(5)
    assert play.live() == {"edge": V2}
    assert run_of(play).metric("b").phase is AnalysisPhase.FAILED


def test_time_spent_measuring_is_no_lack_of_progress() -> None:
    play = before(metric(interval_seconds=50), progress_deadline_seconds=60, progress_deadline_abort=True)
    answer(play, 1.0, 1.0, seconds=50)
    assert play.phase(Paused).gate == PRE
    answer(play, 1.0)
    assert play.live() == {"edge": V2}


def test_a_crash_in_mid_run_loses_no_measurement() -> None:
    play = before()
    answer(play, 1.0)
    play.record = load_record(dump_record(play.memory))
    play.rollout = load_rollout(dump_rollout(play.rollout))
    play.restart()
    play.go(0)
    assert play.running == {Key(V2, 2, PRE, "success-rate", 1)}
    answer(play, 1.0, 1.0)
    assert play.live() == {"edge": V2}


def test_the_first_deployment_is_measured_by_nothing() -> None:
    play = Play(pre_promotion_analysis=analysis(), post_promotion_analysis=analysis())
    play.go(60)
    play.phase(Healthy)
    assert not play.running
