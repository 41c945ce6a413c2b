"""Analysis as a gate: what is measured decides whether traffic moves, and whether it stays."""

from typing import Any

import pytest

from bluegreen import Degraded, Healthy, Paused, Progressing, Promoting, commands
from bluegreen.actions import Cancel, Measure
from bluegreen.codec import dump_record, dump_rollout, load_record, load_rollout
from bluegreen.errors import SpecError
from bluegreen.record import PauseReason, Reason
from bluegreen.runs import AnalysisPhase, AnalysisRun
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import Analysis, Arg, Metric, OnFailure, PodTemplateHash, SecretKeyRef
from tests.support.worlds import START, V1, V2, V3, Play, Says, changed, healthy, rollout

PRE, POST = "prePromotionAnalysis", "postPromotionAnalysis"


def metric(name: str = "success-rate", **fields: Any) -> Metric:
    """Three measurements, ten seconds apart, each at least 0.99."""
    given: dict[str, Any] = {
        "count": 3,
        "interval_seconds": 10,
        "success_condition": "result[0] >= 0.99",
        "query": {"query": "up"},
        **fields,
    }
    return Metric(name, "prometheus", **given)


def analysis(*metrics: Metric, args: tuple[Arg, ...] = ()) -> Analysis:
    """These metrics, or one."""
    return Analysis(metrics or (metric(),), args)


def before(*metrics: Metric, **fields: Any) -> Play:
    """v2 is applied to a healthy v1, and is analysed before its promotion."""
    play = healthy(**fields)
    play.apply("v2", pre_promotion_analysis=analysis(*metrics))
    play.go(3)
    return play


def after(*metrics: Metric, **fields: Any) -> Play:
    """v2 has the traffic, and is analysed after its promotion."""
    play = healthy(**fields)
    play.apply("v2", post_promotion_analysis=analysis(*metrics))
    play.go(3)
    assert set(play.live().values()) == {V2}
    return play


def answer(play: Play, *values: float, seconds: float = 10.0) -> None:
    """Whatever is being measured comes out as this value, one measurement after the other."""
    for value in values:
        assert play.running
        for key in sorted(play.running, key=str):
            play.finish(key, [value])
        play.go(seconds)


def fault(play: Play, error: str) -> None:
    """Whatever is being measured fails."""
    for key in list(play.running):
        play.finish(key, error=error)
    play.go(0)


def run_of(play: Play, gate: str = PRE) -> AnalysisRun:
    """The run of this gate."""
    run = next(memory.run for memory in play.memory.gates if memory.gate == gate)
    assert run is not None
    return run


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
    play = before(metric(count=1))
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


def test_promote_measures_once_more_and_opens_no_pause() -> None:
    play = before(metric(count=1), auto_promotion_enabled=False)
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
    play = before(metric(count=1))
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


# After the promotion.


def test_after_the_promotion_it_is_healthy_once_the_analysis_has_succeeded() -> None:
    play = after()
    promoting = play.phase(Promoting)
    assert (promoting.gate, promoting.reason) == (POST, PauseReason.GATE)
    answer(play, 1.0, 1.0, 1.0)
    play.phase(Healthy)


@pytest.mark.parametrize("way", ["failure", "error"])
def test_a_failed_or_errored_run_takes_traffic_back_though_a_new_pod_is_missing(way: str) -> None:
    play = after(metric(consecutive_error_limit=0), layers=("edge", "mesh"))
    play.world.fail(V2, 1)
    play.go(1)
    if way == "failure":
        answer(play, 0.5, seconds=5)
    else:
        fault(play, "HTTP 500")
    play.go(5)
    assert play.live() == {"edge": V1, "mesh": V1}
    play.phase(Degraded)


def test_frozen_it_stays_where_it_is_with_both_kept() -> None:
    play = after(on_failure=OnFailure.FREEZE)
    answer(play, 0.5)
    assert play.reason is Reason.FROZEN
    play.go(10_000)
    assert play.live() == {"edge": V2}
    assert play.wanted() == {V1: 2, V2: 2}


def test_without_a_verdict_after_the_promotion_traffic_stays_and_a_person_is_asked() -> None:
    play = after(metric(count=1))
    play.finish(next(iter(play.running)), [])
    play.go(10_000)
    promoting = play.phase(Promoting)
    assert promoting.reason is PauseReason.INCONCLUSIVE
    assert promoting.gate == POST
    assert play.live() == {"edge": V2}
    assert play.wanted() == {V1: 2, V2: 2}, "the way back is kept open"
    play.command(commands.promote)
    play.go(5)
    answer(play, 1.0)
    play.phase(Healthy)


def test_while_a_layer_drifts_nothing_that_is_measured_is_thrown_away() -> None:
    play = after()
    answer(play, 1.0)
    play.world.point_elsewhere("edge", V1)
    play.go(3)
    assert play.phase(Promoting).reason is PauseReason.GATE, "it was brought back, and measuring went on"
    assert run_of(play, POST).metric("success-rate").count == 1
    answer(play, 1.0, 1.0)
    play.phase(Healthy)


# What is asked.


def tasks_of(play: Play) -> list[Measure]:
    """What the next decision measures."""
    return [action for action in play.decide().actions if isinstance(action, Measure)]


def test_arguments_are_filled_in_when_it_is_measured_and_secrets_later() -> None:
    args = (
        Arg("new", PodTemplateHash.LATEST),
        Arg("old", PodTemplateHash.STABLE),
        Arg("image", field="spec.template.spec.containers[0]['image']"),
        Arg("nothing", field="spec.template.spec.containers[7].image"),
        Arg("token", secret=SecretKeyRef("prometheus", "token")),
    )
    query = {"q": ["{{args.new}}/{{ args.old }}", "{{args.image}}{{args.nothing}}"], "token": "{{args.token}}", "n": 1}
    play = healthy()
    play.apply("v2", pre_promotion_analysis=analysis(metric(query=query), args=args))
    while not (tasks := tasks_of(play)):
        play.step()
        play.seconds += 0.1
    (task,) = tasks
    assert task.query == {"q": [f"{V2}/{V1}", "v2"], "token": "{{args.token}}", "n": 1}
    assert task.secrets == {"token": SecretKeyRef("prometheus", "token")}
    play.go(1)
    assert run_of(play).metric("success-rate").query == task.query


def test_both_colours_are_measured_and_judged_together() -> None:
    both = metric(query={"q": "{{revision}}"}, success_condition="result.preview[0] >= result.active[0]", count=1)
    play = before(both)
    preview, active = (Key(V2, 2, PRE, f"success-rate/{one}", 0) for one in ("preview", "active"))
    assert play.running == {preview, active}
    play.finish(preview, [3.0])
    play.go(2)
    assert play.running == {active}
    play.record = load_record(dump_record(play.memory))
    play.finish(active, [2.0])
    play.go(5)
    assert play.live() == {"edge": V2}


def test_each_colours_query_names_its_revision() -> None:
    play = healthy()
    play.apply("v2", pre_promotion_analysis=analysis(metric(query={"q": "{{revision}}"})))
    while not (tasks := tasks_of(play)):
        play.step()
        play.seconds += 0.1
    assert {task.key.metric: task.query["q"] for task in tasks} == {
        "success-rate/preview": V2,
        "success-rate/active": V1,
    }


def test_a_late_outcome_of_an_earlier_run_counts_for_nothing() -> None:
    play = before()
    (old,) = play.running
    play.apply(pre_promotion_analysis=analysis(metric(query={"query": "better"})))
    play.step(act=False)
    play.outcomes.append(Outcome(old, play.now, play.now, [0.0]))
    play.go(1)
    assert isinstance(play.memory.phase, Paused)
    assert run_of(play).metric("success-rate").count == 0
    assert not play.memory.outcomes


# What is kept.


@pytest.mark.parametrize(("good", "bad"), [(0, 0), (1, 2), (5, 5)])
def test_so_many_runs_of_earlier_attempts_are_kept(good: int, bad: int) -> None:
    play = healthy(successful_run_history_limit=good, unsuccessful_run_history_limit=bad)
    for number in range(3):
        play.apply(f"v{2 + number}", pre_promotion_analysis=analysis(metric(count=1)))
        play.go(5)
        answer(play, 1.0 if number == 0 else 0.0)
    play.apply("v1")
    play.go(10)
    kept = [one.phase is AnalysisPhase.SUCCESSFUL for one in play.memory.runs]
    assert (kept.count(True), kept.count(False)) == (min(good, 1), min(bad, 2))


def test_the_record_of_a_long_run_stays_small() -> None:
    play = before(metric(count=500, retention=3))
    answer(play, *[1.0] * 400)
    assert len(run_of(play).metric("success-rate").measurements) == 3
    assert not play.memory.outcomes
    assert len(dump_record(play.memory)) < 6_000


def test_a_condition_that_cannot_be_used_is_an_error_and_no_crash() -> None:
    play = before(metric(success_condition="result[", consecutive_error_limit=0))
    answer(play, 1.0)
    assert play.reason is Reason.GATE_FAILED
    assert "a condition cannot be used" in play.phase(Degraded).message


def test_an_analysis_that_could_not_work_is_refused() -> None:
    with pytest.raises(SpecError, match=r"prePromotionAnalysis\.metrics\.0\.count: .*for ever"):
        rollout(pre_promotion_analysis=analysis(metric(count=None)))
    with pytest.raises(SpecError, match="two gates are named 'prePromotionAnalysis'"):
        rollout(pre_promotion_analysis=analysis(), gates=(Says(PRE),))
    with pytest.raises(SpecError, match="two gates are named 'postPromotionAnalysis'"):
        rollout(post_promotion_analysis=analysis(), gates=(Says(POST),))


def test_gates_of_ones_own_are_asked_before_the_analysis() -> None:
    play = healthy(gates=(Says("check"),))
    play.apply("v2", pre_promotion_analysis=analysis())
    play.go(5)
    assert play.phase(Paused).gate == "check"
    assert not play.running
    assert not isinstance(play.memory.phase, Progressing)
    assert changed(play.rollout).gates


def test_a_clock_that_was_set_back_repeats_no_measurement() -> None:
    play = before()
    answer(play, 1.0)
    assert play.now > START
    play.seconds -= 5
    play.step()
    assert run_of(play).metric("success-rate").count == 1
