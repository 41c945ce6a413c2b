"""Series: what is said of a build at each moment."""

from __future__ import annotations

from bluegreen.testing.simulator import Series, Silence, flapping, ramp, spike, steady, step


def test_what_was_never_said_to_be_bad_is_good() -> None:
    assert [Series().at(0), steady().at(1e9), step(10).at(9.9)] == [0, 0, 0]


def test_a_step_stays() -> None:
    assert [step(10).at(10), step(10).at(1e6)] == [1, 1]


def test_a_spike_passes_and_so_does_a_gap() -> None:
    assert [spike(10, 5).at(at) for at in (9, 10, 14.9, 15)] == [0, 1, 1, 0]
    assert spike(10, 5, Silence.NO_DATA).at(12) is Silence.NO_DATA


def test_a_ramp_gets_worse_and_ends_at_the_worst() -> None:
    assert [ramp(10, 20).at(at) for at in (0, 10, 20, 30, 99)] == [0, 0, 0.5, 1, 1]


def test_flapping_goes_on_for_ever() -> None:
    assert [flapping(10).at(at) for at in (0, 4.9, 5, 9.9, 10, 1e6 + 6)] == [0, 0, 1, 1, 0, 1]


def test_what_can_get_bad_is_bad_and_silence_alone_is_not() -> None:
    assert [one.bad for one in (step(5), ramp(0, 9), flapping(2), spike(0, 1))] == [True] * 4
    assert [one.bad for one in (steady(), Series(), steady(Silence.NAN))] == [False] * 3
