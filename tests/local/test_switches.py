"""A hundred switches in a row under load, and not one failed request."""

import statistics
import sys
import time
from pathlib import Path

import pytest

from benchmarks.switches import bare
from bluegreen import Engine, Healthy
from bluegreen.backends import local
from tests.local.support import MakeRollout, active_url
from tests.support.load import load

SWITCHES = 100


@pytest.mark.real
@pytest.mark.timeout(600)
async def test_a_hundred_switches_at_300_requests_a_second_fail_none(
    state_dir: Path, make_rollout: MakeRollout, capsys: pytest.CaptureFixture[str]
) -> None:
    """The load is POST on keep-alive connections: nothing on the way may repair a failure by sending it again."""
    kept = {"strategy": {"scale_down_delay_seconds": 3600}}
    colours = [make_rollout("v1", **kept), make_rollout("v2", **kept)]
    latencies: list[float] = []
    async with local.connect(colours[0], state_dir=state_dir) as backend, Engine(colours[0], backend) as engine:
        await engine.wait_for(Healthy, timeout_s=30)
        async with load(active_url(colours[0]), per_s=300, connections=16) as seen:
            for number in range(1, SWITCHES + 1):
                rollout = colours[number % 2]
                asked_at = time.monotonic()
                await engine.apply(rollout)
                await engine.wait_for(Healthy, timeout_s=60)
                latencies.append(seen.first(f"v{1 + number % 2}", since=asked_at))
    assert seen.failed == []
    assert len(seen.answers) > SWITCHES * 100
    assert {one.body for one in seen.answers} == {"v1", "v2"}
    ours = statistics.median(latencies[1:]) * 1000  # the first had to start v2
    times, calls, lost = await bare()
    theirs, call = statistics.median(times) * 1000, statistics.median(calls) * 1000
    with capsys.disabled():
        sys.stdout.write(
            f"\n{SWITCHES} switches, declared to first new answer: p50 {ours:.0f} ms, 0 requests failed; "
            f"a bare Caddy {theirs:.0f} ms, of which the call {call:.0f} ms, {lost} requests failed\n"
        )
