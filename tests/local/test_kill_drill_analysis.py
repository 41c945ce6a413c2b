"""The kill drill with measurements in flight: nothing counts as measured that was not, and the verdict stays true."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bluegreen import Degraded, Healthy, Rollout
from bluegreen.backends import local
from bluegreen.record import Record
from bluegreen.runs import AnalysisPhase, AnalysisRun
from bluegreen.spec import Analysis, Arg, Metric, PodTemplateHash
from tests.local.support import MakeRollout, active_url
from tests.local.test_kill_drill import POINTS, drive, look
from tests.support.load import load

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]
COUNT = 3


class Judge:
    """Says of each revision whether it is good, and keeps count of what it said."""

    def __init__(self) -> None:
        self.bad: set[str] = set()
        self.said: Counter[tuple[str, bool]] = Counter()

    async def handle(self, request: web.Request) -> web.Response:
        """True or false, for the revision that is asked about."""
        revision = request.query["revision"]
        good = revision not in self.bad
        self.said[revision, good] += 1
        return web.json_response({"good": good})


@asynccontextmanager
async def judge() -> AsyncGenerator[tuple[Judge, str]]:
    """A judge, and its URL."""
    there = Judge()
    app = web.Application()
    app.router.add_get("/", there.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield there, f"http://{host}:{port}/?revision={{{{args.hash}}}}"
    finally:
        await runner.cleanup()


def measured(make_rollout: MakeRollout, version: str, url: str) -> Rollout:
    """A rollout that asks the judge three times before its promotion, and three times after it."""
    metric = Metric(
        "good",
        "web",
        {"url": url, "jsonPath": "{$.good}"},
        "result",
        count=COUNT,
        interval_seconds=0.2,
    )
    analysis = Analysis((metric,), (Arg("hash", PodTemplateHash.LATEST),))
    both = {"pre_promotion_analysis": analysis, "post_promotion_analysis": analysis, "scale_down_delay_seconds": 1}
    return make_rollout(version, strategy=both)


def runs_of(record: Record) -> list[AnalysisRun]:
    """The runs of the present attempt."""
    return [memory.run for memory in record.gates if memory.run]


async def test_a_driver_killed_while_it_measures_is_continued_and_counts_nothing_twice(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    async with judge() as (there, url):
        assert await drive(state_dir, measured(make_rollout, "v0", url), "--apply") == 0
        async with load(active_url(make_rollout()), per_s=50) as seen:
            for number, point in enumerate(POINTS, 1):
                rollout = measured(make_rollout, f"v{number}", url)
                assert await drive(state_dir, rollout, "--apply", "--kill", point, "Measure") == -signal.SIGKILL
                assert await drive(state_dir, rollout) == 0
                stored, router, _ = await look(state_dir, rollout)
                assert stored.record is not None
                assert isinstance(stored.record.phase, Healthy)
                assert router.active == (revision := local.revision_of(rollout.template))
                runs = runs_of(stored.record)
                assert [run.phase for run in runs] == [AnalysisPhase.SUCCESSFUL] * 2
                assert [run.metric("good").successful for run in runs] == [COUNT] * 2
                assert there.said[revision, True] in (2 * COUNT, 2 * COUNT + 1), "one may have been in flight"
        assert seen.failed == []


async def test_a_bad_build_gets_no_traffic_wherever_its_driver_is_killed(
    state_dir: Path, make_rollout: MakeRollout
) -> None:
    async with judge() as (there, url):
        stable = measured(make_rollout, "v0", url)
        assert await drive(state_dir, stable, "--apply", "--until", "healthy") == 0
        async with load(active_url(make_rollout()), per_s=50) as seen:
            for number, point in enumerate(POINTS, 1):
                rollout = measured(make_rollout, f"v{number}", url)
                there.bad.add(revision := local.revision_of(rollout.template))
                assert await drive(state_dir, rollout, "--apply", "--kill", point, "Measure") == -signal.SIGKILL
                assert await drive(state_dir, rollout, "--until", "back") == 0
                stored, router, _ = await look(state_dir, rollout)
                assert stored.record is not None
                assert isinstance(stored.record.phase, Degraded)
                assert [run.phase for run in runs_of(stored.record)] == [AnalysisPhase.FAILED]
                assert router.active == local.revision_of(stable.template)
                assert there.said[revision, False] in (1, 2)
        assert set(seen.bodies) == {"v0"}
        assert seen.failed == []
