"""What the property tests found, each as the scenario that is easiest to read."""

from __future__ import annotations

import asyncio

import pytest

from bluegreen.backends.memory import NEVER
from bluegreen.record import Degraded, Healthy, Paused
from bluegreen.snapshot import EVERYTHING, NOTHING, Foreign, Shown
from bluegreen.testing import invariants, virtual_time
from bluegreen.testing.trace import Trace
from tests.support.drill import Drill
from tests.support.worlds import V1, V2, rollout


@pytest.mark.parametrize(("hidden", "hours"), [("records", 6), ("workloads", 0.2), ("layer edge", 0.2)])
def test_what_cannot_be_looked_at_for_long_is_asked_for_patiently_and_then_used(hidden: str, hours: float) -> None:
    """The watch of what is hidden returns at once, again and again; and no back-off grows beyond all numbers."""

    async def scenario() -> Trace:
        drill = Drill(rollout())
        await drill.start()
        await asyncio.sleep(60)
        drill.world.blind(hidden)
        looked = len(drill.trace.moments)
        await asyncio.sleep(hours * 3600)
        assert len(drill.trace.moments) - looked < hours * 3600 * 4
        drill.world.see(hidden)
        await drill.apply("v2")
        return await drill.calm(120)

    trace = virtual_time.run(scenario())
    invariants.check(trace)
    record = trace.moments[-1].truth.record
    assert record is not None
    assert isinstance(record.phase, Healthy)
    assert record.attempt == 2


def test_two_engines_whose_clocks_differ_do_not_undo_each_others_saves_without_end() -> None:
    """To one the layer has settled, to the other it has not, for as long as their clocks differ."""

    async def scenario() -> Trace:
        drill = Drill(rollout())
        drill.world.layers["edge"].probed = False
        await drill.start("A")
        await drill.start("B", jump_s=-0.5)
        await asyncio.sleep(60)
        await drill.apply("v2")
        await asyncio.sleep(60)
        assert len(drill.trace.moments) < 2000
        return await drill.calm(60)

    invariants.check(virtual_time.run(scenario()))


@pytest.mark.parametrize("shown", [NOTHING, Foreign("another's")])
def test_promote_full_of_what_never_comes_leaves_no_layer_empty_meanwhile(shown: Shown) -> None:
    async def scenario() -> Trace:
        drill = Drill(rollout(auto_promotion_enabled=False, progress_deadline_seconds=30))
        drill.world.set_ready_after("v2", NEVER)
        await drill.start()
        await asyncio.sleep(60)
        await drill.apply("v2")
        await asyncio.sleep(5)
        await drill.command("promote_full")
        drill.outsider("edits edge", lambda: drill.world.point_elsewhere("edge", shown))
        await asyncio.sleep(2)
        assert drill.world.live() == {"edge": V1}
        return await drill.calm(60)

    invariants.check(virtual_time.run(scenario()))


@pytest.mark.parametrize("paused", [False, True])
def test_a_stable_revision_that_is_gone_for_good_is_not_waited_for_in_silence(paused: bool) -> None:
    """A layer selects every revision: whatever is prepared would have live traffic before any gate said yes."""

    async def scenario() -> Trace:
        drill = Drill(rollout(layers=("edge", "mesh"), progress_deadline_seconds=60))
        drill.world.set_ready_after("v2", NEVER)
        await drill.start()
        await asyncio.sleep(60)
        await drill.apply("v2", paused=paused)
        drill.outsider("unpins mesh", lambda: drill.world.point_elsewhere("mesh", EVERYTHING))
        drill.outsider("deletes v1", lambda: drill.world.delete_elsewhere(V1))
        return await drill.calm(200)

    trace = virtual_time.run(scenario())
    invariants.check(trace)
    record = trace.moments[-1].truth.record
    assert record is not None
    assert isinstance(record.phase, Degraded)
    assert "promote --full" in record.phase.message


def test_promote_full_on_the_way_back_to_the_stable_template_stops_nothing() -> None:
    async def scenario() -> Trace:
        drill = Drill(rollout(auto_promotion_enabled=False))
        await drill.start()
        await asyncio.sleep(60)
        await drill.apply("v2")
        await asyncio.sleep(5)
        drill.world.blind("layer edge")
        await drill.apply("v1")
        await asyncio.sleep(5)
        await drill.command("promote_full")
        drill.outsider("empties edge", lambda: drill.world.point_elsewhere("edge", NOTHING))
        return await drill.calm(60)

    trace = virtual_time.run(scenario())
    invariants.check(trace)
    assert trace.moments[-1].truth.shows("edge") == V1


def test_a_pause_does_not_hide_that_traffic_cannot_go_back() -> None:
    """The stable revision is gone, a layer shows nothing, and all that would help is a person."""

    async def scenario() -> Trace:
        drill = Drill(rollout(layers=("edge", "mesh"), auto_promotion_enabled=False))
        await drill.start()
        await asyncio.sleep(60)
        await drill.apply("v2")
        drill.outsider("empties mesh", lambda: drill.world.point_elsewhere("mesh", NOTHING))
        drill.outsider("deletes v1", lambda: drill.world.delete_elsewhere(V1))
        return await drill.calm(200)

    trace = virtual_time.run(scenario())
    invariants.check(trace)
    record = trace.moments[-1].truth.record
    assert record is not None
    assert isinstance(record.phase, Paused)
    assert f"{V1} has nothing available, so mesh cannot go back to it: promote --full" in record.phase.message


def test_promote_full_does_not_hold_a_split_that_spec_paused_keeps_from_ending() -> None:
    async def scenario() -> Trace:
        drill = Drill(rollout(layers=("edge", "mesh")))
        await drill.start()
        await asyncio.sleep(60)
        drill.world.layers["edge"].converge_after_s = 30
        await drill.apply("v2")
        await asyncio.sleep(5)
        await drill.kill()
        await drill.apply(paused=True)
        await drill.command("abort")
        await drill.command("promote_full")
        assert drill.world.live() == {"edge": V2, "mesh": V1}
        return await drill.calm(100)

    trace = virtual_time.run(scenario())
    invariants.check(trace)
    assert trace.moments[-1].truth.shows("edge") == V1
