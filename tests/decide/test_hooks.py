"""Hooks: steps beside a release, run once in an attempt, each at its own moment."""

from typing import Any

import pytest

from bluegreen import Degraded, Healthy, Paused, Progressing, Promoting, commands
from bluegreen.actions import Cancel, RunHook
from bluegreen.codec import dump_record, load_record
from bluegreen.errors import SpecError
from bluegreen.gates import Yes
from bluegreen.record import PauseReason, Reason
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import Hook, HookPoint, OnDeadline, OnFailure, SecretKeyRef
from tests.support.worlds import V1, V2, V3, Play, Says, healthy, rollout

BEFORE_PREVIEW, BEFORE, AFTER, ON_ABORT = HookPoint


def hook(point: HookPoint, name: str = "step", **fields: Any) -> Hook:
    """A program at this point."""
    return Hook(name, point, "command", {"argv": ["true"]}, **fields)


def key(point: HookPoint, name: str = "step", *, number: int = 0, attempt: int = 2, revision: str = V2) -> Key:
    """The key of a hook's run."""
    return Key(V2 if revision == V2 else V3, attempt, f"{point}/{name}", number=number)


def releasing(*hooks: Hook, **fields: Any) -> Play:
    """v2 is applied to a healthy v1 whose policy has these hooks since then."""
    play = healthy(**fields)
    play.apply("v2", hooks=hooks)
    play.go(5)
    return play


def fail_at(play: Play, at: Key, error: str, *, retry: bool = False) -> None:
    """A hook has ended with an error."""
    play.running.discard(at)
    play.outcomes.append(Outcome(at, play.now, play.now, error=error, retry=retry))


def test_before_the_preview_there_is_no_replica_until_the_hook_is_done() -> None:
    play = releasing(hook(BEFORE_PREVIEW))
    assert play.running == {key(BEFORE_PREVIEW)}
    assert play.wanted() == {V1: 2}
    assert play.phase(Paused).gate == "beforePreview/step"
    assert play.world.revisions.keys() == {V1}
    play.finish(key(BEFORE_PREVIEW), {"exitCode": 0})
    play.go(5)
    assert play.live() == {"edge": V2}
    play.phase(Healthy)


def test_a_hook_that_is_declared_too_late_runs_all_the_same_and_takes_no_replicas_away() -> None:
    play = healthy(gates=(Says("check"),))
    play.apply("v2")
    play.go(5)
    assert play.wanted() == {V1: 2, V2: 2}
    play.apply(hooks=(hook(BEFORE_PREVIEW),), gates=(Says("check", Yes("fine")),))
    play.go(100)
    assert play.running == {key(BEFORE_PREVIEW)}
    assert play.live() == {"edge": V1}
    assert play.wanted() == {V1: 2, V2: 2}
    play.finish(key(BEFORE_PREVIEW))
    play.go(5)
    assert play.live() == {"edge": V2}


def test_a_failed_migration_touches_nothing() -> None:
    play = releasing(hook(BEFORE_PREVIEW))
    fail_at(play, key(BEFORE_PREVIEW), "exit code 1: no such table")
    play.go(100)
    assert play.reason is Reason.GATE_FAILED
    assert "no such table" in play.phase(Degraded).message
    assert play.world.revisions.keys() == {V1}
    assert play.live() == {"edge": V1}


def test_the_first_deployment_has_its_migration_too_though_no_other_gate_is_asked() -> None:
    play = Play(hooks=(hook(BEFORE_PREVIEW), hook(BEFORE), hook(AFTER)), gates=(Says("check"),))
    play.go(60)
    first = Key(V1, 1, "beforePreview/step")
    assert play.running == {first}
    assert not play.world.revisions
    play.finish(first)
    play.go(60)
    play.phase(Healthy)


def test_going_back_fast_waits_for_no_hook() -> None:
    play = healthy()
    play.apply("v2")
    play.go(3)
    play.apply("v1", hooks=(hook(BEFORE_PREVIEW), hook(BEFORE), hook(AFTER)))
    play.go(10)
    assert play.live() == {"edge": V1}
    assert not play.running


def test_a_promotion_in_full_skips_the_hooks_and_stops_what_runs() -> None:
    play = releasing(hook(BEFORE_PREVIEW))
    play.command(commands.promote_full)
    decision = play.step()
    assert Cancel(key(BEFORE_PREVIEW)) in decision.actions
    play.go(10)
    assert play.live() == {"edge": V2}


def test_before_the_promotion_the_hook_runs_last_when_a_person_has_said_yes() -> None:
    play = releasing(hook(BEFORE), auto_promotion_enabled=False)
    assert play.phase(Paused).reason is PauseReason.PERSON
    assert not play.running
    play.command(commands.promote)
    play.go(5)
    assert play.running == {key(BEFORE)}
    assert play.live() == {"edge": V1}
    play.finish(key(BEFORE))
    play.go(5)
    assert play.live() == {"edge": V2}


def test_after_the_promotion_the_hook_runs_when_all_traffic_has_moved() -> None:
    play = releasing(hook(AFTER))
    assert play.live() == {"edge": V2}
    assert play.running == {key(AFTER)}
    assert play.phase(Promoting).gate == "afterPromotion/step"
    play.finish(key(AFTER))
    play.go(5)
    play.phase(Healthy)


@pytest.mark.parametrize(("on_failure", "live"), [(OnFailure.ROLLBACK, V1), (OnFailure.FREEZE, V2)])
def test_a_hook_that_fails_after_the_promotion_takes_traffic_back_or_freezes_it(
    on_failure: OnFailure, live: str
) -> None:
    play = releasing(hook(AFTER), on_failure=on_failure)
    fail_at(play, key(AFTER), "exit code 1")
    play.go(5)
    assert play.live() == {"edge": live}
    play.phase(Degraded)


def test_on_an_abort_traffic_goes_back_at_once_and_the_hook_runs_beside() -> None:
    play = releasing(hook(ON_ABORT), gates=(Says("check", stage=Says("x").stage),), auto_promotion_enabled=False)
    play.command(commands.abort)
    play.go(5)
    assert play.running == {key(ON_ABORT)}
    assert play.live() == {"edge": V1}
    assert "onAbort/step runs" in play.phase(Degraded).message
    play.finish(key(ON_ABORT))
    play.go(5)
    assert "onAbort" not in play.phase(Degraded).message
    assert play.did("Gate onAbort/step said yes")


def test_an_abort_after_the_promotion_runs_the_hook_too() -> None:
    play = releasing()
    play.phase(Healthy)
    play.apply(hooks=(hook(ON_ABORT),))
    play.command(commands.abort)
    play.go(5)
    assert play.live() == {"edge": V1}
    assert play.running == {key(ON_ABORT)}


def test_whatever_one_hook_of_an_abort_says_the_others_run_too() -> None:
    play = releasing(hook(ON_ABORT, "first"), hook(ON_ABORT, "second"), auto_promotion_enabled=False)
    play.command(commands.abort)
    play.go(5)
    fail_at(play, key(ON_ABORT, "first"), "exit code 1")
    play.go(5)
    play.finish(key(ON_ABORT, "second"))
    play.go(5)
    assert play.did("Gate onAbort/second said yes")
    assert play.did("Gate onAbort/first said no")
    assert play.live() == {"edge": V1}


@pytest.mark.parametrize("how", ["retry", "another template"])
def test_the_next_attempt_begins_when_what_follows_the_abort_has_ended(how: str) -> None:
    play = releasing(hook(ON_ABORT), auto_promotion_enabled=False)
    play.command(commands.abort)
    play.go(5)
    if how == "retry":
        play.command(commands.retry)
    else:
        play.apply("v3")
    play.go(5)
    assert play.memory.attempt == 2
    assert play.live() == {"edge": V1}
    play.finish(key(ON_ABORT))
    play.go(5)
    assert play.memory.attempt == 3
    assert not isinstance(play.memory.phase, Degraded)


def test_a_promotion_in_full_waits_for_nothing_that_follows_an_abort() -> None:
    play = releasing(hook(ON_ABORT), auto_promotion_enabled=False)
    play.command(commands.abort)
    play.go(5)
    play.command(commands.promote_full)
    play.go(5)
    assert play.live() == {"edge": V2}


def test_somebodys_yes_ends_the_wait_for_what_follows_an_abort() -> None:
    play = releasing(hook(ON_ABORT), auto_promotion_enabled=False)
    play.command(commands.abort)
    play.go(5)
    play.command(commands.retry)
    play.command(commands.approve, gate="onAbort/step")
    play.go(5)
    assert play.memory.attempt == 3


def test_what_follows_an_abort_gives_way_at_its_deadline() -> None:
    play = releasing(hook(ON_ABORT, deadline_seconds=20), auto_promotion_enabled=False)
    play.command(commands.abort)
    play.go(5)
    play.apply("v3")
    play.go(10)
    assert play.memory.attempt == 2
    play.go(10)
    assert play.memory.attempt == 3


def test_a_frozen_release_was_not_aborted() -> None:
    play = releasing(hook(AFTER), hook(ON_ABORT), on_failure=OnFailure.FREEZE)
    fail_at(play, key(AFTER), "exit code 1")
    play.go(5)
    assert play.reason is Reason.FROZEN
    assert not play.running
    play.command(commands.abort)
    play.go(5)
    assert play.running == {key(ON_ABORT)}


@pytest.mark.parametrize(
    ("on_deadline", "ends"), [(OnDeadline.ABORT, Degraded), (OnDeadline.CONTINUE, Healthy), (OnDeadline.HOLD, Paused)]
)
def test_a_hook_that_is_late_does_what_it_declares_and_is_stopped_unless_held(
    on_deadline: OnDeadline, ends: type
) -> None:
    play = releasing(hook(BEFORE_PREVIEW, deadline_seconds=20, on_deadline=on_deadline))
    play.go(30)
    play.phase(ends)
    assert play.running == ({key(BEFORE_PREVIEW)} if on_deadline is OnDeadline.HOLD else set())
    if on_deadline is OnDeadline.HOLD:
        play.finish(key(BEFORE_PREVIEW))
        play.go(10)
        play.phase(Healthy)


def test_what_did_not_begin_is_tried_again_ever_more_slowly_and_not_after_its_deadline() -> None:
    play = releasing(hook(BEFORE_PREVIEW, deadline_seconds=30))
    for number in range(4):
        at = key(BEFORE_PREVIEW, number=number)
        while play.running != {at} and play.seconds < 200:
            play.go(1)
        assert play.running == {at}
        fail_at(play, at, "connection refused", retry=True)
        play.go(0)
    assert "connection refused" in play.phase(Paused).message
    play.go(60)
    assert not play.running, "2 + 4 + 8 s, and the next try would be due after the deadline"
    assert play.reason is Reason.GATE_DEADLINE


def test_what_began_only_at_the_second_try_is_done_when_that_has_ended() -> None:
    play = releasing(hook(BEFORE_PREVIEW))
    fail_at(play, key(BEFORE_PREVIEW), "connection refused", retry=True)
    play.go(5)
    play.finish(key(BEFORE_PREVIEW, number=1))
    play.go(5)
    play.phase(Healthy)


def test_what_an_earlier_attempts_hook_came_to_is_worth_nothing_to_the_next() -> None:
    play = releasing(hook(BEFORE))
    play.command(commands.abort)
    play.command(commands.retry)
    play.step(act=False)
    play.finish(key(BEFORE))
    play.go(5)
    assert play.phase(Paused).gate == "beforePromotion/step"
    assert play.running == {key(BEFORE, attempt=3)}


def test_a_late_hook_that_is_held_is_waited_for_though_it_had_to_be_tried_again() -> None:
    play = releasing(hook(BEFORE_PREVIEW, deadline_seconds=10, on_deadline=OnDeadline.HOLD))
    fail_at(play, key(BEFORE_PREVIEW), "busy", retry=True)
    play.go(3)
    again = key(BEFORE_PREVIEW, number=1)
    assert play.running == {again}
    play.go(30)
    assert play.running == {again}
    fail_at(play, again, "busy", retry=True)
    play.go(30)
    assert not play.running
    assert play.phase(Paused).gate == "beforePreview/step"
    play.command(commands.approve, gate="beforePreview/step")
    play.go(10)
    play.phase(Healthy)


def test_a_crash_asks_for_the_same_work_under_the_same_key() -> None:
    play = releasing(hook(BEFORE_PREVIEW))
    play.record = load_record(dump_record(play.memory))
    play.restart()
    play.go(5)
    assert play.running == {key(BEFORE_PREVIEW)}


def test_a_new_template_stops_the_hook_of_the_old_one_and_starts_its_own() -> None:
    play = releasing(hook(BEFORE_PREVIEW))
    play.apply("v3")
    decision = play.step()
    assert Cancel(key(BEFORE_PREVIEW)) in decision.actions
    play.go(5)
    assert play.running == {key(BEFORE_PREVIEW, attempt=3, revision=V3)}


def test_while_a_layer_cannot_be_seen_a_running_hook_is_left_alone() -> None:
    play = releasing(hook(BEFORE_PREVIEW))
    play.world.blind("layer edge")
    play.go(10)
    assert play.running == {key(BEFORE_PREVIEW)}


def test_the_hook_is_told_what_it_is_about() -> None:
    play = healthy()
    play.apply("v2", hooks=(hook(BEFORE_PREVIEW, secrets={"TOKEN": SecretKeyRef("db", "url")}),))
    tasks = [action for action in play.decide().actions if isinstance(action, RunHook)]
    assert [task.key for task in tasks] == [key(BEFORE_PREVIEW)]
    assert tasks[0].hook["argv"] == ["true"]
    assert tasks[0].hook["release"] == {
        "rollout": "shop",
        "namespace": "default",
        "revision": V2,
        "stable": V1,
        "attempt": 2,
        "hook": "beforePreview/step",
    }
    assert tasks[0].secrets == {"TOKEN": SecretKeyRef("db", "url")}
    assert tasks[0].timeout_s > 600


def test_two_hooks_at_one_point_run_one_after_the_other() -> None:
    play = releasing(hook(BEFORE_PREVIEW, "first"), hook(BEFORE_PREVIEW, "second"))
    assert play.running == {key(BEFORE_PREVIEW, "first")}
    play.finish(key(BEFORE_PREVIEW, "first"))
    play.go(0)
    assert play.running == {key(BEFORE_PREVIEW, "second")}


@pytest.mark.parametrize(
    ("hooks", "words"),
    [
        ((hook(BEFORE, "a"), hook(BEFORE, "a")), "two hooks at beforePromotion are named 'a'"),
        ((hook(BEFORE, "A b"),), "is no name for a hook"),
        ((hook(BEFORE, deadline_seconds=0),), "too small"),
        ((hook(ON_ABORT, on_deadline=OnDeadline.HOLD),), "nothing can be held any more"),
    ],
)
def test_hooks_that_could_not_work_are_refused(hooks: tuple[Hook, ...], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        rollout(hooks=hooks)


def test_a_gate_of_ones_own_cannot_take_the_name_of_a_declared_one() -> None:
    with pytest.raises(SpecError, match="two gates are named 'beforePromotion/step'"):
        rollout(hooks=(hook(BEFORE),), gates=(Says("beforePromotion/step", Yes("fine")),))
    with pytest.raises(SpecError, match="a dot and a number"):
        rollout(gates=(Says("check.1", Yes("fine")),))


def test_hooks_and_their_phase_are_told_apart_from_becoming_available() -> None:
    play = releasing(hook(BEFORE_PREVIEW))
    play.finish(key(BEFORE_PREVIEW))
    play.step()
    play.step()
    assert isinstance(play.memory.phase, Progressing | Promoting)
