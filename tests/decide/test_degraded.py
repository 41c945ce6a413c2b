"""Degraded: the deadline for progress, what recovers by itself, and what the message tells people to do."""

from typing import Any

import pytest
from attrs import evolve

from bluegreen import Degraded, Healthy, Paused, Progressing, Promoting, Snapshot, commands
from bluegreen.backends.memory import NEVER
from bluegreen.record import Reason, Request
from bluegreen.snapshot import NOTHING, Observed, Trouble
from tests.support.worlds import START, V1, V2, V3, Play, healthy


def late(**fields: Any) -> Play:
    """v2 never becomes available, and its deadline has passed."""
    play = healthy(**fields)
    play.world.set_ready_after("v2", NEVER)
    play.apply("v2")
    play.go(fields.get("progress_deadline_seconds", 600))
    return play


@pytest.mark.parametrize("seconds", [100, 600])
def test_without_progress_for_so_long_it_is_degraded(seconds: int) -> None:
    play = healthy(progress_deadline_seconds=seconds)
    play.world.set_ready_after("v2", NEVER)
    play.apply("v2")
    play.go(seconds - 1)
    play.phase(Progressing)
    play.go(1)
    assert play.reason is Reason.PROGRESS_DEADLINE
    assert f"no progress for {seconds} s" in play.phase(Degraded).message
    assert play.live() == {"edge": V1}


def test_every_further_replica_is_progress() -> None:
    play = healthy(replicas=4, progress_deadline_seconds=100)
    play.world.set_ready_after("v2", NEVER)
    play.apply("v2")
    play.settle()
    for number in range(3):
        play.go(99)
        play.world.revisions[V2].replicas[number].ready_at = play.seconds
    play.go(99)
    play.phase(Progressing)
    play.go(1)
    assert play.reason is Reason.PROGRESS_DEADLINE


def test_a_replica_that_comes_and_goes_is_no_progress() -> None:
    play = healthy(progress_deadline_seconds=100)
    play.world.set_ready_after("v2", NEVER)
    play.apply("v2")
    play.settle()
    for _ in range(11):
        play.world.revisions[V2].replicas[0].ready_at = play.seconds
        play.go(5)
        play.world.fail(V2)
        play.go(5)
    assert play.reason is Reason.PROGRESS_DEADLINE


def test_what_was_late_goes_on_by_itself_when_it_is_available() -> None:
    play = late()
    play.go(1000)
    assert play.reason is Reason.PROGRESS_DEADLINE
    assert play.wanted() == {V1: 2, V2: 2}, "it is still being tried"
    play.world.recover(V2)
    play.go()
    play.phase(Healthy)
    assert play.live() == {"edge": V2}


def test_what_was_late_and_makes_some_progress_has_its_deadline_anew() -> None:
    play = late()
    play.world.revisions[V2].replicas[0].ready_at = play.seconds
    play.go(599)
    play.phase(Progressing)
    play.go(1)
    assert play.reason is Reason.PROGRESS_DEADLINE


def test_what_was_late_still_waits_for_its_gates() -> None:
    play = late(auto_promotion_enabled=False)
    play.world.recover(V2)
    play.go()
    play.phase(Paused)
    assert play.live() == {"edge": V1}


def test_what_is_late_may_be_promoted_in_advance() -> None:
    play = late(auto_promotion_enabled=False)
    play.command(commands.promote)
    play.world.recover(V2)
    play.go()
    play.phase(Healthy)


def test_with_progress_deadline_abort_it_is_given_up() -> None:
    play = late(progress_deadline_abort=True)
    assert play.reason is Reason.ABORTED
    assert "no progress" in play.phase(Degraded).message
    play.go(60)
    assert play.wanted() == {V1: 2}
    assert V2 in play.world.revisions


def test_a_person_gives_up_what_is_late() -> None:
    play = late()
    play.command(commands.abort)
    play.go(60)
    assert play.reason is Reason.ABORTED
    assert play.wanted() == {V1: 2}


def test_the_message_says_why_replicas_are_not_ready() -> None:
    def reasoned(snapshot: Snapshot) -> Snapshot:
        assert isinstance(snapshot.workloads, Observed)
        seen = snapshot.workloads.value
        revisions = tuple(evolve(one, reasons=("exit code 3",) if one.id == V2 else ()) for one in seen.revisions)
        return evolve(snapshot, workloads=evolve(snapshot.workloads, value=evolve(seen, revisions=revisions)))

    play = healthy()
    play.alter = reasoned
    play.world.set_ready_after("v2", NEVER)
    play.apply("v2")
    play.go(600)
    assert "(exit code 3)" in play.phase(Degraded).message


def test_time_in_which_nobody_could_look_does_not_make_it_late() -> None:
    play = healthy()
    play.world.set_ready_after("v2", NEVER)
    play.apply("v2")
    play.go(100)
    play.world.blind("workloads")
    play.go(5000)
    play.phase(Progressing)


def test_time_spent_paused_does_not_make_it_late() -> None:
    play = healthy(auto_promotion_enabled=False, progress_deadline_abort=True)
    play.apply("v2")
    play.go(100_000)
    play.phase(Paused)


def test_time_spent_going_back_to_stable_first_does_not_make_it_late() -> None:
    play = healthy(layers=("outer", "inner"), progress_deadline_seconds=100)
    play.world.layers["outer"].converge_after_s = 1000
    play.apply("v2")
    play.go(5)
    assert play.live()["outer"] == V2
    play.world.refuse("layer outer point", 300)
    play.apply("v3")
    play.go(280)
    assert V1 in play.phase(Progressing).message
    assert V3 not in play.world.revisions


def refused(what: str = f"ensure 2 replicas of revision {V2}") -> Trouble:
    """An action that the world refuses for good."""
    return Trouble(what, "quota exceeded (ask for more)", START, permanent=True)


def test_what_the_world_refuses_for_good_is_degraded_with_the_remedy_and_recovers_by_itself() -> None:
    play = healthy()
    play.world.set_ready_after("v2", 50)
    play.apply("v2")
    play.alter = lambda snapshot: evolve(snapshot, troubles=(refused(),))
    play.go(10)
    assert play.reason is Reason.BACKEND
    assert "quota exceeded (ask for more)" in play.phase(Degraded).message
    before = play.record
    play.go(10)
    assert play.record == before, "saying it once is enough"
    play.alter = lambda snapshot: snapshot
    play.go(10)
    play.phase(Progressing)
    play.go(30)
    play.phase(Healthy)


def test_a_refusal_that_may_pass_is_waited_for() -> None:
    play = healthy()
    play.world.set_ready_after("v2", 50)
    play.apply("v2")
    play.alter = lambda snapshot: evolve(snapshot, troubles=(evolve(refused(), permanent=False),))
    play.go(10)
    play.phase(Progressing)


def test_a_refusal_while_missing_replicas_are_waited_for_after_the_gates_said_yes_is_degraded_too() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.world.fail(V2, 1)
    play.alter = lambda snapshot: evolve(snapshot, troubles=(refused(),))
    play.command(commands.promote)
    play.go(5)
    assert play.reason is Reason.BACKEND
    play.world.recover(V2)
    play.go(5)
    play.phase(Healthy)


def test_a_refusal_that_is_not_about_the_revision_in_progress_degrades_nothing() -> None:
    play = healthy()
    play.world.set_ready_after("v2", 50)
    play.apply("v2")
    play.alter = lambda snapshot: evolve(snapshot, troubles=(refused(f"scale revision {V1} down to 0"),))
    play.go(10)
    play.phase(Progressing)


def test_a_layer_that_cannot_be_prepared_is_about_the_revision_in_progress() -> None:
    play = healthy()
    play.world.set_ready_after("v2", 50)
    play.apply("v2")
    play.alter = lambda snapshot: evolve(snapshot, troubles=(refused("prepare layer edge"),))
    play.go(10)
    assert play.reason is Reason.BACKEND


def test_late_and_then_refused_says_the_newer_reason() -> None:
    play = late()
    play.alter = lambda snapshot: evolve(snapshot, troubles=(refused(),))
    play.go(1)
    assert play.reason is Reason.BACKEND


def test_the_stable_template_again_makes_it_healthy() -> None:
    play = late()
    play.apply("v1")
    play.go(5)
    play.phase(Healthy)


def test_a_new_template_starts_anew() -> None:
    play = late(progress_deadline_abort=True)
    play.apply("v3")
    play.go(5)
    play.phase(Healthy)
    assert play.live() == {"edge": V3}


def test_promote_full_of_what_was_aborted_is_a_new_attempt_without_gates() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.command(commands.abort)
    play.go(5)
    attempt = play.memory.attempt
    play.command(commands.promote_full)
    play.go(5)
    play.phase(Healthy)
    assert play.live() == {"edge": V2}
    assert play.memory.attempt == attempt + 1
    assert [entry.by for entry in play.memory.history if entry.what == "Started"][-1] == "ann"


def test_an_abort_before_the_retry_has_started_takes_it_back() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.command(commands.abort)
    play.go(5)
    play.command(commands.retry)
    play.command(commands.abort)
    play.go(5)
    assert play.reason is Reason.ABORTED
    assert play.memory.request is None


def test_a_request_for_a_revision_that_was_superseded_is_dropped() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.command(commands.abort)
    play.go(5)
    play.command(commands.promote_full)
    play.apply("v3")
    play.go(5)
    play.phase(Paused)
    assert play.memory.request is None
    assert play.live() == {"edge": V1}


def test_where_traffic_is_unknown_the_message_says_so() -> None:
    play = healthy(layers=("outer", "inner"), auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.command(commands.promote)
    play.go()
    play.world.blind("layer inner")
    play.world.blind("workloads")
    play.command(commands.abort)
    play.go(5)
    message = play.phase(Degraded).message
    assert "cannot look at the workloads" in message
    assert "inner" in message


def test_a_promoted_revision_is_not_late_whatever_happens_to_it() -> None:
    play = healthy(progress_deadline_abort=True, layers=("outer", "inner"))
    play.world.layers["outer"].converge_after_s = 100
    play.apply("v2", progress_deadline_seconds=50)
    play.go(90)
    play.phase(Promoting)
    play.go(100)
    play.phase(Healthy)
    play.world.fail(V2, 1)
    play.go(1000)
    play.phase(Healthy)


def test_a_request_that_fits_nothing_any_more_is_dropped() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.record = evolve(play.memory, request=Request("promote-full", V1, "ann", play.now))
    play.go()
    assert play.memory.request is None
    play.phase(Healthy)


def test_where_only_the_aborted_revision_is_left_the_way_out_is_named() -> None:
    """An outsider empties the layer and deletes the stable revision: what still runs is live nowhere."""
    play = healthy()
    play.apply("v2")
    play.go(1)
    play.command(commands.abort)
    play.world.point_elsewhere("edge", NOTHING)
    play.world.delete_elsewhere(V1)
    play.go(5)
    assert f"promote --full takes {V2} live" in play.phase(Degraded).message
    play.command(commands.promote_full)
    play.go(10)
    assert play.live() == {"edge": V2}
