"""Analysis as a gate: after the promotion, what is asked, and what is kept of it."""

import pytest

from bluegreen import Degraded, Healthy, Paused, Progressing, Promoting, commands
from bluegreen.actions import Measure
from bluegreen.codec import dump_record, load_record
from bluegreen.errors import SpecError
from bluegreen.record import PauseReason, Reason
from bluegreen.runs import AnalysisPhase
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import Arg, OnFailure, OnNoData, PodTemplateHash, SecretKeyRef
from tests.support.analyses import POST, PRE, after, analysis, answer, before, fault, metric, run_of
from tests.support.worlds import START, V1, V2, V3, Play, Says, changed, healthy, rollout

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
    play = after(metric(count=1, on_no_data=OnNoData.INCONCLUSIVE))
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
        Arg("token", secret=SecretKeyRef("prometheus", "token")),
    )
    query = {"q": ["{{args.new}}/{{ args.old }}", "{{args.image}}"], "token": "{{args.token}}", "n": 1}
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


def test_it_is_the_newest_runs_that_are_kept() -> None:
    play = healthy(unsuccessful_run_history_limit=1)
    for image in ("v2", "v3"):
        play.apply(image, pre_promotion_analysis=analysis(metric(count=1)))
        play.go(5)
        answer(play, 0.0)
    play.apply("v1")
    play.go(10)
    assert [one.revision for one in play.memory.runs] == [V3]


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
