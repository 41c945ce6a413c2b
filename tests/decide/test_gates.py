"""Gates: who is asked when, what is remembered of the answer, and the work that gates ask for."""

from bluegreen import Paused
from bluegreen.snapshot import Key
from tests.support.worlds import V2, Does, healthy, measuring

KEY = Key(V2, 2, "check", "errors")


def test_a_measurement_that_a_gate_asks_for_is_asked_of_the_world_once() -> None:
    play = healthy(gates=(Does("check", measuring),))
    play.apply("v2")
    play.go(1)
    assert play.running == {KEY}
    assert play.memory.asked == (KEY,)
    assert play.decide().actions == ()
    assert play.phase(Paused).gate == "check"
