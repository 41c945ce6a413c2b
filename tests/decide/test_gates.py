"""Gates: who is asked when, what is remembered of the answer, and the work that gates ask for."""

from datetime import datetime
from typing import Any

import pytest
from attrs import evolve

from bluegreen import Degraded, Healthy, Paused, Promoting, commands
from bluegreen.actions import Cancel, Measure, RunHook
from bluegreen.codec import dump_record, load_record
from bluegreen.errors import SpecError
from bluegreen.gates import Answer, CannotSay, No, OnDeadline, Release, Stage, WaitUntil, Yes
from bluegreen.record import PauseReason, Reason
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import OnFailure
from tests.support.worlds import START, V1, V2, V3, Does, Play, Says, changed, healthy, hooking, measuring

KEY = Key(V2, 2, "check", "errors")
AFTER = Stage.POST_PROMOTION
AROUND = (Stage.PRE_PROMOTION, AFTER)


def releasing(*gates: Says | Does, **fields: Any) -> Play:
    """v2 is applied, and these gates have been asked."""
    play = healthy(gates=gates, **fields)
    play.apply("v2")
    play.go(5)
    return play


def now_with(play: Play, *gates: Says | Does) -> None:
    """The same release with gates that answer otherwise."""
    play.rollout = changed(play.rollout, gates=gates)
    play.go(5)


def test_no_traffic_moves_before_a_gate_has_said_yes() -> None:
    play = releasing(Says("check"))
    assert play.live() == {"edge": V1}
    assert play.phase(Paused).gate == "check"
    assert play.phase(Paused).message == "not yet"
    now_with(play, Says("check", Yes("fine")))
    assert play.live() == {"edge": V2}


def test_work_that_an_open_gate_left_behind_is_stopped_when_the_release_is_over() -> None:
    def says(release: Release, _now: datetime) -> Answer:
        return Yes("never mind") if release.approval else CannotSay("migrates", hooking(release))

    play = releasing(Says("check", says))
    (left,) = play.running
    play.command(commands.approve, gate="check")
    cancelled: list[Cancel] = []
    while not isinstance(play.memory.phase, Healthy) or not cancelled:
        cancelled += [action for action in play.step().actions if isinstance(action, Cancel)]
        play.seconds += 1
    assert {one.key for one in cancelled} == {left}
    play.go(5)
    assert not play.memory.asked


def test_gates_are_asked_in_order_each_once_those_before_it_have_said_yes() -> None:
    asked: list[str] = []

    def noting(name: str, answer: Answer) -> Says:
        def says(_release: Release, _now: datetime) -> Answer:
            asked.append(name)
            return answer

        return Says(name, says)

    play = releasing(noting("first", CannotSay("wait")), noting("second", Yes("fine")))
    assert set(asked) == {"first"}
    asked.clear()
    now_with(play, noting("first", Yes("fine")), noting("second", Yes("fine")))
    assert asked == ["first", "second"], "each once: a yes is remembered"
    play.phase(Healthy)


def test_the_pause_before_promotion_comes_after_all_other_gates() -> None:
    play = releasing(Says("check"), auto_promotion_seconds=60)
    play.go(1000)
    assert play.phase(Paused).gate == "check"
    now_with(play, Says("check", Yes("fine")))
    assert play.phase(Paused).reason is PauseReason.CLOCK
    play.go(55)
    play.phase(Healthy)


def test_a_yes_is_remembered_through_a_crash() -> None:
    play = releasing(Says("first", Yes("fine")), Says("second"))
    play.record = load_record(dump_record(play.memory))
    play.restart()
    now_with(play, Says("first", No("too late")), Says("second", Yes("fine")))
    play.phase(Healthy)


def test_a_yes_is_worth_nothing_to_another_revision() -> None:
    play = releasing(Says("first", Yes("fine")), Says("second"))
    play.apply("v3")
    now_with(play, Says("first"), Says("second"))
    assert play.phase(Paused).gate == "first"
    assert play.phase(Paused).revision == V3


def test_a_no_is_remembered_too() -> None:
    play = releasing(Says("check", No("bad")))
    assert play.reason is Reason.GATE_FAILED
    now_with(play, Says("check", Yes("fine")))
    assert play.reason is Reason.GATE_FAILED
    assert play.live() == {"edge": V1}


def test_a_no_that_was_saved_and_not_acted_on_is_a_no_for_who_comes_next() -> None:
    play = releasing(Says("check"))
    waiting = play.memory
    now_with(play, Says("check", No("bad")))
    play.record = evolve(waiting, gates=play.memory.gates)
    now_with(play, Says("check", Yes("fine")))
    assert play.reason is Reason.GATE_FAILED


def test_a_gate_is_told_what_it_may_know() -> None:
    told: list[Release] = []

    def says(release: Release, _now: datetime) -> Answer:
        told.append(release)
        return CannotSay("wait")

    play = releasing(Says("check", says))
    at = play.now
    play.command(commands.approve, gate="check")
    play.go()
    release = told[-1]
    assert (release.revision, release.stable, release.attempt) == (V2, V1, 2)
    assert release.asked_at == told[0].asked_at < at
    assert release.approval is not None
    assert release.approval.by == "ann"


@pytest.mark.parametrize("stage", AROUND)
def test_an_approval_opens_a_gate_that_asks_for_one(stage: Stage) -> None:
    def says(release: Release, _now: datetime) -> Answer:
        return Yes(f"by {release.approval.by}") if release.approval else CannotSay("needs a person")

    play = releasing(Says("sign-off", says, stage))
    assert not isinstance(play.memory.phase, Healthy)
    play.command(commands.approve, gate="sign-off")
    play.go()
    play.phase(Healthy)
    assert play.did("Approved sign-off")


@pytest.mark.parametrize("stage", AROUND)
@pytest.mark.parametrize(
    ("on_deadline", "phase"),
    [(OnDeadline.ABORT, Degraded), (OnDeadline.CONTINUE, Healthy), (OnDeadline.HOLD, None)],
)
def test_at_its_deadline_a_gate_does_what_it_declares(
    stage: Stage, on_deadline: OnDeadline, phase: type | None
) -> None:
    play = releasing(Says("slow", stage=stage, deadline_seconds=100, on_deadline=on_deadline))
    play.go(94)
    before = play.memory.phase
    assert isinstance(before, Paused if stage is Stage.PRE_PROMOTION else Promoting)
    play.go(1)
    assert isinstance(play.memory.phase, phase or type(before))
    if phase is Degraded:
        assert play.reason is Reason.GATE_DEADLINE
        assert "no answer within 100 s" in play.phase(Degraded).why
    if phase is None:
        assert "held" in play.memory.phase.message
        now_with(play, Says("slow", Yes("after all"), stage, deadline_seconds=100))
        play.phase(Healthy)


def test_a_gates_deadline_begins_when_it_is_first_asked() -> None:
    play = healthy(gates=(Says("slow", deadline_seconds=30, on_deadline=OnDeadline.ABORT),))
    play.world.set_ready_after("v2", 60)
    play.apply("v2")
    play.go(89)
    play.phase(Paused)
    play.go(1)
    assert play.reason is Reason.GATE_DEADLINE


def test_a_no_after_the_deadline_is_the_gates_own() -> None:
    play = releasing(Says("slow", deadline_seconds=10, on_deadline=OnDeadline.HOLD))
    play.go(100)
    now_with(play, Says("slow", No("bad"), deadline_seconds=10))
    assert play.reason is Reason.GATE_FAILED


def test_a_gate_that_raises_holds_the_release_and_nothing_else() -> None:
    def broken(_release: Release, _now: datetime) -> Answer:
        raise ZeroDivisionError("division by zero")

    play = releasing(Says("broken", broken))
    assert "ZeroDivisionError" in play.phase(Paused).message
    play.apply(replicas=4)
    play.go(1)
    assert play.wanted() == {V1: 4, V2: 4}
    play.command(commands.abort)
    play.go(60)
    assert play.wanted() == {V1: 4}


def test_a_post_promotion_gate_that_waits_says_where_traffic_is() -> None:
    when = START.replace(year=2027)
    play = releasing(Says("soak", WaitUntil(when, "soaks"), AFTER))
    assert play.phase(Promoting).message == f"all traffic is on {V2}; soak soaks"
    assert play.decide().wake_at == when


def test_own_gates_that_share_the_name_of_the_pause_do_not_open_it() -> None:
    """A remembered yes is found by its gate's name, so no two gates of a rollout may share one."""
    for pause in ({"auto_promotion_enabled": False}, {"auto_promotion_seconds": 60}):
        with pytest.raises(SpecError, match="two gates are named 'promotion'"):
            releasing(Says("promotion", Yes("fine")), **pause)
    releasing(Says("promotion", Yes("fine")))


# The work that gates ask for.


def test_a_measurement_that_a_gate_asks_for_is_asked_of_the_world_once() -> None:
    play = releasing(Does("check", measuring))
    assert play.running == {KEY}
    assert play.memory.asked == (KEY,)
    assert play.decide().actions == ()
    assert play.phase(Paused).gate == "check"


def test_work_that_was_asked_for_and_is_not_running_is_asked_for_again_by_the_same_key() -> None:
    play = releasing(Does("check", measuring), Does("never", hooking))
    play.restart()
    assert [one.key for one in play.decide().actions if isinstance(one, Measure)] == [KEY]
    play.go()
    assert play.running == {KEY}


def test_an_outcome_is_acknowledged_by_the_record_and_handed_to_the_gate() -> None:
    play = releasing(Does("check", measuring), Says("next"))
    play.finish(KEY, value=0.01)
    play.go()
    assert play.memory.asked == ()
    assert [(one.key, one.value) for one in play.memory.outcomes] == [(KEY, 0.01)]
    assert play.phase(Paused).gate == "next"
    assert play.running == set()


def test_an_outcome_that_came_back_is_not_asked_for_again_after_a_crash() -> None:
    play = releasing(Does("check", measuring), Says("next"))
    play.finish(KEY, value=0.01)
    play.go()
    play.record = load_record(dump_record(play.memory))
    play.restart()
    play.go()
    assert play.running == set()


def test_several_pieces_of_work_come_back_in_any_order() -> None:
    keys = [Key(V2, 2, "check", "errors", number) for number in range(3)]
    play = releasing(Does("check", lambda _: tuple(Measure(key, "numbers") for key in keys)), Says("next"))
    assert play.running == set(keys)
    play.finish(keys[2], value=3)
    play.go()
    assert play.running == set(keys[:2])
    play.finish(keys[1], value=2)
    play.finish(keys[0], value=1)
    play.go()
    assert play.phase(Paused).gate == "next"
    assert [one.value for one in play.memory.outcomes] == [3, 1, 2], "oldest first, then by number"


def test_an_outcome_that_nobody_asked_for_changes_nothing() -> None:
    play = releasing(Says("check"))
    before = play.memory
    play.outcomes.append(Outcome(Key(V2, 2, "who", "knows"), play.now, play.now, 1))
    play.step()
    assert play.memory == before


def test_hooks_are_work_like_any_other() -> None:
    play = releasing(Does("migrate", hooking))
    (key,) = play.running
    assert RunHook(key, {"command": ["migrate"]}) in hooking(Release(play.rollout, V2, V1, 2, play.now))
    play.finish(key, value="done")
    play.go(5)
    play.phase(Healthy)


def test_work_that_fails_is_the_gates_to_judge() -> None:
    play = releasing(Does("migrate", hooking, AFTER))
    (key,) = play.running
    play.finish(key, error="exit code 1")
    play.go(5)
    assert play.reason is Reason.GATE_FAILED
    assert play.live() == {"edge": V1}


@pytest.mark.parametrize("stage", AROUND)
def test_an_abort_cancels_the_work_under_way_and_its_end_is_acknowledged(stage: Stage) -> None:
    play = releasing(Does("check", measuring, stage))
    play.command(commands.abort)
    decision = play.step(act=False)
    assert Cancel(KEY) in decision.actions
    assert Cancel(KEY) in play.decide().actions, "until it is known to have ended"
    play.go()
    assert play.running == set()
    assert play.memory.asked == ()
    assert play.decide().actions == ()


def test_a_new_attempt_cancels_the_work_of_the_last_and_asks_for_its_own() -> None:
    play = releasing(Does("check", measuring))
    play.apply("v3")
    play.go(1)
    assert play.running == {Key(V3, 3, "check", "errors")}
    assert play.memory.outcomes == (), "what became of the last attempt's work is worth nothing in this one"


def test_going_back_to_the_stable_template_cancels_the_work_under_way() -> None:
    play = releasing(Does("check", measuring))
    play.apply("v1")
    play.go(5)
    play.phase(Healthy)
    assert play.running == set()
    assert play.memory.asked == ()


def test_freezing_cancels_the_work_under_way() -> None:
    play = releasing(Does("check", measuring, AFTER), on_failure=OnFailure.FREEZE)
    play.world.fail(V2)
    play.go(5)
    assert play.reason is Reason.FROZEN
    assert play.memory.asked == ()
    assert play.running == set()


def test_promote_full_asks_no_gate_and_lets_go_of_its_work() -> None:
    play = releasing(Does("check", measuring))
    play.world.layers["edge"].converge_after_s = 60
    play.command(commands.promote_full)
    play.go(5)
    play.phase(Promoting)
    assert play.running == set()
    assert play.memory.asked == ()


def test_work_that_nobody_waits_for_any_more_ends_with_the_release() -> None:
    play = releasing(Does("check", measuring))
    now_with(play, Says("check", Yes("never mind")))
    play.phase(Healthy)
    assert play.running == set()
    assert play.memory.asked == ()


def test_work_that_has_ended_is_not_begun_again_though_the_gate_still_names_it() -> None:
    play = releasing(Says("check", lambda release, _now: CannotSay("looks on", tasks=measuring(release))))
    play.finish(KEY, value=1)
    play.go(5)
    assert play.running == set()
    assert play.memory.asked == ()
    assert play.phase(Paused).message == "looks on"
