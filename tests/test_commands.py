"""What people may ask for, in each phase; what does not fit is refused and changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from bluegreen import Degraded, Healthy, Paused, Progressing, Promoting, Record, commands
from bluegreen.backends.memory import NEVER
from bluegreen.errors import CommandError, IllegalCommand, SpecError, StaleCommand
from bluegreen.gates import No, Stage
from bluegreen.record import Reason
from bluegreen.spec import OnFailure
from tests.support.worlds import START, V1, V2, V3, Play, Says, at_once, healthy, released, rollout, template

Command = Callable[..., Record]
VERIFY = Says("verify", stage=Stage.POST_PROMOTION)


def progressing() -> Play:
    """v2 is becoming available."""
    play = healthy(auto_promotion_enabled=False)
    play.world.set_ready_after("v2", 100)
    play.apply("v2")
    play.go(5)
    play.phase(Progressing)
    return play


def paused() -> Play:
    """v2 waits for a person."""
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.phase(Paused)
    return play


def promoting() -> Play:
    """v2 is live, and being verified."""
    play = healthy(gates=(VERIFY,))
    play.apply("v2")
    play.go(5)
    play.phase(Promoting)
    return play


def settled() -> Play:
    """v2 is Healthy, and v1 gone."""
    play = released()
    play.go(100)
    assert play.memory.previous is None
    return play


def aborted() -> Play:
    """v2 was given up."""
    play = paused()
    play.command(commands.abort)
    play.go(5)
    return play


def late() -> Play:
    """v2 makes no progress."""
    play = healthy(auto_promotion_enabled=False)
    play.world.set_ready_after("v2", NEVER)
    play.apply("v2")
    play.go(600)
    assert play.reason is Reason.PROGRESS_DEADLINE
    return play


def frozen() -> Play:
    """v2 has the traffic, and may not be taken back by itself."""
    play = healthy(gates=(evolve(VERIFY, says=No("slow")),), on_failure=OnFailure.FREEZE)
    play.apply("v2")
    play.go(5)
    assert play.reason is Reason.FROZEN
    return play


STATES = {one.__name__: one for one in (progressing, paused, promoting, released, settled, aborted, late, frozen)}
COMMANDS: dict[str, Command] = {
    "promote": commands.promote,
    "promote_full": commands.promote_full,
    "abort": commands.abort,
    "retry": commands.retry,
    "approve": lambda *args: commands.approve(*args, gate="verify"),
}
ILLEGAL = {
    "promote": {"promoting", "released", "settled", "aborted", "frozen"},
    "approve": {"released", "settled", "aborted", "frozen"},
    "promote_full": {"released", "settled"},
    "abort": {"settled"},
    "retry": {"progressing", "paused", "promoting", "released", "settled", "frozen"},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_fits_a_phase_or_is_refused_and_changes_nothing(state: str, name: str) -> None:
    play = STATES[state]()
    before = play.memory
    if state in ILLEGAL[name]:
        with pytest.raises(IllegalCommand, match=str(V2)):
            play.command(COMMANDS[name])
        assert play.memory is before
    else:
        play.command(COMMANDS[name])


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", COMMANDS)
def test_asking_twice_is_asking_once(state: str, name: str) -> None:
    if state in ILLEGAL[name]:
        return
    play = STATES[state]()
    play.command(COMMANDS[name])
    once = play.memory
    play.seconds += 1
    play.command(COMMANDS[name])
    assert play.memory is once


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_for_another_revision_is_stale_and_names_the_one_in_progress(name: str) -> None:
    play = paused()
    with pytest.raises(StaleCommand, match=f"revision {V2} is in progress") as caught:
        play.command(COMMANDS[name], V1)
    assert isinstance(caught.value, CommandError)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_before_anything_has_begun_is_stale(name: str) -> None:
    with pytest.raises(StaleCommand, match="nothing is yet in progress"):
        COMMANDS[name](Record.new(START), V1, "ann", START)


def test_who_and_why_are_in_the_history() -> None:
    play = promoting()
    play.command(commands.abort, why="errors on checkout")
    entry = play.memory.history[-1]
    assert (entry.what, entry.by, entry.why, entry.at) == ("Aborted", "ann", "errors on checkout", play.now)
    assert play.phase(Degraded).why == "aborted by ann: errors on checkout"


def test_an_abort_of_a_healthy_revision_makes_the_previous_one_stable() -> None:
    play = released()
    assert V2 in play.memory.proven
    play.command(commands.abort)
    after = play.memory
    assert (after.stable, after.previous, after.current) == (V1, None, V2)
    assert V2 not in after.proven


def test_after_the_window_undo_is_the_way_back_and_abort_says_so() -> None:
    with pytest.raises(IllegalCommand, match="undo"):
        settled().command(commands.abort)


def test_what_is_refused_says_what_would_help() -> None:
    with pytest.raises(IllegalCommand, match="retry starts a new attempt"):
        aborted().command(commands.promote)
    with pytest.raises(IllegalCommand, match="nothing left to approve"):
        released().command(commands.promote)
    with pytest.raises(IllegalCommand, match="abort takes traffic back, promote --full accepts it"):
        frozen().command(commands.retry)
    with pytest.raises(IllegalCommand, match="only what is Degraded is tried again"):
        paused().command(commands.retry)


def test_an_approval_of_one_gate_is_no_promotion() -> None:
    play = paused()
    play.command(commands.approve, gate="other")
    play.go(5)
    play.phase(Paused)


# Commands that change the declaration.


def test_pause_and_resume_change_the_declaration_only() -> None:
    declared = rollout()
    assert commands.pause(declared) == evolve(declared, paused=True)
    assert commands.resume(commands.pause(declared)) == declared


def test_set_image_changes_the_template() -> None:
    assert commands.set_image(rollout("v1"), "v2").template == template("v2")
    with pytest.raises(SpecError):
        commands.set_image(rollout("v1"), "v2", "no-such-container")


def undone(play: Play, **options: Any) -> str:
    """The image that undo goes back to."""
    workloads = at_once(play.backend.workloads.observe(play.rollout))
    back = commands.undo(play.rollout, play.memory, workloads, **options)
    return str(back.template["spec"]["containers"][0]["image"])


def test_undo_goes_back_to_the_retained_previous_revision() -> None:
    assert undone(released()) == "v1"


def test_undo_in_mid_release_goes_back_to_the_stable_one() -> None:
    play = released(scale_down_delay_seconds=0)
    play.go(20)
    play.apply("v3", auto_promotion_enabled=False)
    play.go(5)
    play.phase(Paused)
    assert undone(play) == "v2"


def test_undo_after_the_window_goes_back_to_the_newest_that_was_promoted() -> None:
    play = healthy(scale_down_delay_seconds=0)
    play.apply("v2")
    play.go(20)
    play.apply("v3", auto_promotion_enabled=False)
    play.go(5)
    play.apply("v4", auto_promotion_enabled=True)
    play.go(60)
    play.phase(Healthy)
    assert undone(play) == "v2", "v3 was previewed, and never promoted"


def test_undo_without_anything_proven_goes_back_to_the_newest_other() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.go(5)
    play.apply("v3")
    play.go(5)
    play.record = evolve(play.memory, stable=None, previous=None, proven=())
    assert undone(play) == "v2"


def test_undo_to_a_revision_takes_its_number_or_its_name() -> None:
    play = released()
    play.apply("v3")
    play.go(5)
    assert undone(play, to_revision=1) == "v1"
    assert undone(play, to_revision=V2) == "v2"
    assert undone(play, to_revision=3) == "v3"


@pytest.mark.parametrize("to_revision", [9, V3])
def test_undo_to_a_revision_that_is_not_there_names_those_that_are(to_revision: Any) -> None:
    with pytest.raises(IllegalCommand, match=rf"2 \({V2}\), 1 \({V1}\)"):
        undone(released(), to_revision=to_revision)


def test_undo_with_nothing_to_go_back_to_says_so() -> None:
    with pytest.raises(IllegalCommand, match="known are: 1"):
        undone(healthy())


def test_undo_to_a_revision_whose_template_is_lost_is_refused() -> None:
    play = released()
    workloads = at_once(play.backend.workloads.observe(play.rollout))
    bare = evolve(workloads, revisions=tuple(evolve(one, template=None) for one in workloads.revisions))
    with pytest.raises(IllegalCommand, match="its pod template is not"):
        commands.undo(play.rollout, play.memory, bare)
