"""A new build held against the one that serves, with numbers of a real Prometheus for each of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from attrs import evolve

from bluegreen import Healthy, Rollout
from bluegreen.record import PauseReason
from bluegreen.spec import Analysis, Comparison, Direction, Metric
from tests.article.test_article import IMAGE, PATIENCE_S, Place, driven, fell, held, place, recorded
from tests.support.load import load

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

ERRORS = """
sum(rate(http_requests_total{rollouts_pod_template_hash="{{revision}}",status=~"5.."}[3s])) or
0 * sum(rate(http_requests_total{rollouts_pod_template_hash="{{revision}}"}[3s]))
"""


def compared(where: Place, image: str) -> Rollout:
    """The example's rollout, whose preview gets load, and whose errors are compared with those of the active build."""
    rollout = where.rollout("as-written", image)
    errors = Metric(
        "errors",
        "prometheus",
        {"address": f"http://{where.prometheus}", "query": ERRORS},
        count=8,
        interval_seconds=1,
        initial_delay_seconds=3,
        comparison=Comparison(Direction.HIGHER, tolerance=0.25, confidence=0.95),
    )
    busy = Metric("busy", "load", {"rate": 100, "duration": "13s", "paths": [{"path": "/"}]}, "result.count > 0")
    strategy = evolve(rollout.strategy, pre_promotion_analysis=Analysis((errors, busy)), post_promotion_analysis=None)
    return evolve(rollout, strategy=strategy)


async def test_a_build_with_more_errors_than_the_one_that_serves_is_stopped(tmp_path: Path) -> None:
    first, good, faulty = (IMAGE.format(number) for number in (1, 2, 3))
    async with place(tmp_path) as where, driven(where, compared(where, first)) as engine:
        await engine.wait_for(Healthy, PATIENCE_S)
        async with load(f"http://{where.active}/", per_s=100):
            await asyncio.sleep(3)
            revision = await engine.apply(compared(where, good))
            await held(engine, PauseReason.PERSON)
            run = (await recorded(engine)).gates[0].run
            assert run is not None
            assert len(run.metric("errors").preview) == len(run.metric("errors").active) == 8
            await engine.promote(revision, by="ann")
            await engine.wait_for(Healthy, PATIENCE_S)

            await engine.apply(compared(where, faulty))
            assert "errors: preview" in (await fell(engine)).message
