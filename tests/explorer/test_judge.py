"""What looks like a breach to a hasty judge, and is none: the invariants let it pass."""

from __future__ import annotations

from attrs import evolve

from bluegreen import commands
from bluegreen.actions import Measure, Point
from bluegreen.decide import Decision
from bluegreen.engine.events import Looked
from bluegreen.record import Degraded
from bluegreen.snapshot import NOTHING
from bluegreen.testing.explorer import Check
from bluegreen.testing.explorer.safety import Judge
from bluegreen.testing.trace import TrueLayer, TrueRevision, Truth, Turn
from tests.support.worlds import V1, V2, Play, healthy


def judged(play: Play) -> tuple[Decision, str]:
    """What would be decided now, and the first invariant that it breaks."""
    look, decision = Looked(play.record, play.look(), play.now, play.rollout), play.decide()
    return decision, Judge(play.rollout).decided(Turn(0, 0.0, "an engine", look, decision))


def test_what_a_layer_shows_may_be_written_anew_without_a_look_at_the_workloads() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.settle()
    play.world.point_elsewhere("edge", V2)
    play.step(act=False)
    play.world.blind("workloads")
    decision, broken = judged(play)
    assert [one.revision for one in decision.actions if isinstance(one, Point)] == [V2]
    assert broken == ""


def test_an_attempt_that_was_asked_for_and_is_about_to_begin_needs_no_way_out() -> None:
    play = healthy()
    play.apply("v2")
    for action in play.stall(Point):
        play.perform(action)
    play.command(commands.abort)
    play.step(act=False)
    play.world.fail(V1)
    play.command(commands.retry)
    decision, broken = judged(play)
    assert isinstance(decision.record.phase, Degraded)
    assert "the next attempt" in decision.record.phase.message
    assert broken == ""


def test_a_yes_may_rest_on_what_was_measured_once_more() -> None:
    play = healthy(gates=(Check(),))
    play.apply("v2")
    play.stall(Measure)
    play.finish(play.memory.asked[0], None)
    play.settle()
    play.command(commands.promote)
    play.stall(Measure)
    play.finish(play.memory.asked[0], True)
    decision, broken = judged(play)
    assert [one.answer for one in decision.record.gates] == ["yes"]
    assert broken == ""


def test_where_all_is_gone_a_way_out_has_to_be_named_as_long_as_anything_runs() -> None:
    play = healthy(auto_promotion_enabled=False)
    play.apply("v2")
    play.settle()
    play.command(commands.abort)
    play.settle()
    look, decision = Looked(play.record, play.look(), play.now, play.rollout), play.decide()
    assert isinstance(decision.record.phase, Degraded)
    gone = Truth({"edge": TrueLayer(NOTHING, "1")}, {V2: TrueRevision(2, 2, "1")}, decision.record)

    def ended(message: str, truth: Truth = gone) -> str:
        phase = evolve(decision.record.phase, message=message)
        turn = Turn(0, 0.0, "an engine", look, evolve(decision, record=evolve(decision.record, phase=phase)))
        return Judge(play.rollout).ended(turn, truth)

    assert "no way out is named" in ended("nothing can be done")
    assert "no way out is named" in ended("holding still, both are kept")
    assert ended("promote --full takes v2 live everywhere") == ""
    assert ended("holding still, both are kept", evolve(gone, revisions={V2: TrueRevision(2, 0, "1")})) == ""
