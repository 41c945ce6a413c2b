"""The Prometheus provider beside real servers: Prometheus and VictoriaMetrics."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bluegreen.analysis import judge
from bluegreen.runs import AnalysisPhase, Came
from bluegreen.snapshot import Outcome
from bluegreen.spec import Metric
from bluegreen.values import decoded
from tests.metrics.servers.measuring import Measuring
from tests.metrics.servers.prometheus import prometheus_server, victoria_metrics
from tests.metrics.servers.running import eventually
from tests.metrics.servers.shop import shop

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]
STARTERS = {"prometheus": prometheus_server, "victoria-metrics": victoria_metrics}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=list(STARTERS))
async def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[str]:
    """The address of a server that has scraped the shop."""
    folder = tmp_path_factory.mktemp(request.param)
    async with shop() as target, STARTERS[request.param](folder, target) as (address, _), Measuring() as measuring:

        async def scraped() -> bool:
            found = await measuring.outcome("prometheus", {"address": f"http://{address}", "query": "shop_zero"})
            return not found.error and not found.no_data

        await eventually(scraped)
        yield f"http://{address}"


@pytest_asyncio.fixture(loop_scope="module")
async def measuring() -> AsyncGenerator[Measuring]:
    """Providers of the test's own."""
    async with Measuring() as found:
        yield found


async def asked(measuring: Measuring, server: str, query: str, **more: Any) -> Outcome:
    """What becomes of one query."""
    return await measuring.outcome("prometheus", {"address": server, "query": query, **more})


async def test_a_vector_becomes_a_list_of_numbers_with_labels_beside_it(server: str, measuring: Measuring) -> None:
    outcome = await asked(measuring, server, "sort_desc(shop_success)")
    assert outcome.value == [0.99, 0.97]
    assert [one["path"] for one in outcome.labels] == ["/", "/buy"]
    assert {one["job"] for one in outcome.labels} == {"shop"}


async def test_one_series_is_a_list_of_one(server: str, measuring: Measuring) -> None:
    outcome = await asked(measuring, server, "shop_one")
    assert (outcome.value, outcome.labels[0]["revision"]) == ([1.0], "v1")


async def test_zero_is_a_value(server: str, measuring: Measuring) -> None:
    outcome = await asked(measuring, server, "shop_zero")
    assert (outcome.value, outcome.no_data) == ([0.0], False)


async def test_no_series_is_no_data_and_not_zero(server: str, measuring: Measuring) -> None:
    outcome = await asked(measuring, server, 'shop_success{path="/nowhere"}')
    assert (outcome.no_data, outcome.value, outcome.error) == (True, [], "")


async def test_infinity_is_itself(server: str, measuring: Measuring) -> None:
    outcome = await asked(measuring, server, "shop_infinite")
    assert outcome.value == [{"$float": "+Inf"}]


async def test_a_range_becomes_one_flat_list(server: str, measuring: Measuring) -> None:
    times = {"start": 'now() - duration("2s")', "end": "now()", "step": "1s"}
    outcome = await asked(measuring, server, "vector(0.5)", rangeQuery=times)
    assert outcome.value == [0.5, 0.5, 0.5]
    assert len(outcome.labels) == 3


async def test_a_range_of_several_series_keeps_the_labels_of_each_value(server: str, measuring: Measuring) -> None:
    times = {"start": "now - 1s", "end": "now", "step": "1s"}
    query = 'label_replace(vector(1), "a", "x", "", "") or label_replace(vector(2), "a", "y", "", "")'
    outcome = await asked(measuring, server, query, rangeQuery=times)
    pairs = sorted((label["a"], value) for label, value in zip(outcome.labels, outcome.value, strict=True))
    assert pairs == [("x", 1), ("x", 1), ("y", 2), ("y", 2)]


async def test_an_empty_range_is_no_data(server: str, measuring: Measuring) -> None:
    times = {"start": "now - 5s", "end": "now", "step": "1s"}
    outcome = await asked(measuring, server, "shop_nothing", rangeQuery=times)
    assert (outcome.no_data, outcome.value) == (True, [])


async def test_a_bad_query_says_what_the_server_says_about_it(server: str, measuring: Measuring) -> None:
    outcome = await asked(measuring, server, "sum(shop_success")
    assert "answered 4" in outcome.error
    assert "pars" in outcome.error
    assert outcome.value is None


async def test_a_path_in_front_of_the_interface_is_kept(server: str, measuring: Measuring) -> None:
    outcome = await asked(measuring, f"{server}/nowhere/", "vector(1)")
    assert "answered" in outcome.error
    assert outcome.value is None
    outcome = await asked(measuring, f"{server}/", "vector(1)")
    assert outcome.value == [1.0]


async def test_a_passing_measurement_passes_and_the_article_s_guard_is_no_sample(
    server: str, measuring: Measuring
) -> None:
    metric = Metric("success-rate", "prometheus", success_condition="len(result) == 0 || result[0] >= 0.95")
    good = judge(metric, await asked(measuring, server, 'shop_success{path="/buy"}'))
    none = judge(metric, await asked(measuring, server, 'shop_success{path="/nowhere"}'))
    assert (good.phase, good.sample, good.came) == (AnalysisPhase.SUCCESSFUL, True, Came.VALUE)
    assert (none.phase, none.sample, none.came) == (AnalysisPhase.SUCCESSFUL, False, Came.NO_DATA)


async def test_nan_never_passes_by_accident(server: str, measuring: Measuring) -> None:
    """Prometheus gives NaN for nothing divided by nothing, VictoriaMetrics no series at all. Neither is a success."""
    for query in ("shop_nan", "vector(0) / vector(0)"):
        outcome = await asked(measuring, server, query)
        assert outcome.no_data or math.isnan(decoded(outcome.value)[0])
        judged = judge(Metric("errors", "prometheus", failure_condition="result[0] > 0.05"), outcome)
        assert judged.phase is not AnalysisPhase.SUCCESSFUL


async def test_a_scalar_becomes_a_number(tmp_path: Path) -> None:
    """A VictoriaMetrics makes a vector of it."""
    async with prometheus_server(tmp_path, "127.0.0.1:9") as (address, _), Measuring() as measuring:
        url = f"http://{address}"
        assert await measuring.value("prometheus", {"address": url, "query": "scalar(vector(2)) * 3"}) == 6.0
        nan = await measuring.outcome("prometheus", {"address": url, "query": "0 / 0"})
        assert nan.value == {"$float": "NaN"}
        words = await measuring.outcome("prometheus", {"address": url, "query": '"words"'})
        assert "type string" in words.error
        assert not words.retry
