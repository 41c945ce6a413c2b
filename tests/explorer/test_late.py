"""A write that its engine has given up may land at any time after: one engine alone is enough for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from bluegreen.testing.scripts import play, read
from tests.explorer import rules_off
from tests.explorer.scopes import explored, quick
from tests.explorer.test_ablations import ABORTED

pytestmark = pytest.mark.property

ROLLOUT = quick(layers=("edge",), scale_down_delay_seconds=0, abort_scale_down_delay_seconds=1)


def test_no_late_write_of_one_engine_breaks_a_promise() -> None:
    found = explored(ROLLOUT, engines=1, given_up=1, **ABORTED)
    assert found.violation is None, found.violation.script()
    assert found.complete
    assert found.exercised["happened: a late landing"]


def test_what_is_forgotten_once_it_was_given_up_lands_where_it_harms() -> None:
    with rules_off.no_fence():
        found = explored(ROLLOUT, engines=1, given_up=1, **ABORTED)
        assert found.violation is not None
        assert "scaled v2 down while layer edge shows it" in found.violation.harm
        played = play(read(Path("late.txt"), found.violation.script()))
    assert "does point edge at v2, late" in played
    assert "Invariant 3 (" in played.splitlines()[-1], played
