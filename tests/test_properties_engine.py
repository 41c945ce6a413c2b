"""Whatever goes wrong, the engine keeps the eight invariants; and once nothing goes wrong any more, it finishes."""

from __future__ import annotations

import pytest
from hypothesis import given

from bluegreen.testing import invariants, virtual_time
from tests.support.drill import no_time_limits
from tests.support.faults import Plan, plans, play

pytestmark = [pytest.mark.property, pytest.mark.timeout(600)]


@given(plans(engines=False, world=False))
def test_people_may_ask_for_anything_at_any_moment(plan: Plan) -> None:
    invariants.check(virtual_time.run(play(plan)))


@given(plans(engines=False))
def test_the_world_may_change_under_the_engine_and_refuse_it(plan: Plan) -> None:
    invariants.check(virtual_time.run(play(plan)))


@given(plans(world=False))
def test_engines_may_die_stall_and_come_in_twos_with_clocks_that_differ(plan: Plan) -> None:
    with no_time_limits():
        invariants.check(virtual_time.run(play(plan)))


@given(plans())
def test_everything_may_go_wrong_at_once(plan: Plan) -> None:
    invariants.check(virtual_time.run(play(plan)))
