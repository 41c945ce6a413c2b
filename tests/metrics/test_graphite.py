"""The Graphite provider beside the real one: carbon and graphite-web."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from aiohttp import web

from bluegreen.metrics.graphite import Graphite
from bluegreen.snapshot import Outcome
from tests.metrics.servers.graphite import graphite
from tests.metrics.servers.measuring import Measuring
from tests.metrics.servers.shop import serving

real = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]
VALUES = {"shop.success": [0.95, 0.97, 0.99], "shop.errors": [0.0]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[str]:
    """The address of a Graphite that knows the values above."""
    async with graphite(tmp_path_factory.mktemp("graphite"), VALUES) as (address, _):
        yield f"http://{address}"


@pytest_asyncio.fixture(loop_scope="module")
async def measuring() -> AsyncGenerator[Measuring]:
    """Providers of the test's own."""
    async with Measuring() as found:
        yield found


async def asked(measuring: Measuring, server: str, query: str) -> Outcome:
    """What becomes of one query."""
    return await measuring.outcome("graphite", {"address": server, "query": query})


class TestBesideTheRealOne:
    """One server for all of them."""

    pytestmark = real

    async def test_datapoints_without_a_value_are_left_out(self, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, "target=shop.success&from=-10min")
        assert outcome.value == [0.95, 0.97, 0.99]
        assert outcome.labels == [{"target": "shop.success"}] * 3

    async def test_zero_is_a_value(self, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, "target=shop.errors&from=-10min")
        assert (outcome.value, outcome.no_data) == ([0.0], False)

    async def test_a_query_may_be_spread_over_lines(self, server: str, measuring: Measuring) -> None:
        query = "target=summarize(\n  scale(shop.success, 2),\n  '1h',\n  'max', false\n)&from=-20min&format=png\n"
        outcome = await asked(measuring, server, query)
        assert max(outcome.value) == 1.98

    async def test_a_target_alone_is_a_query_too(self, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, "maxSeries(shop.*)")
        assert max(outcome.value) == 0.99

    async def test_several_targets_all_count(self, server: str, measuring: Measuring) -> None:
        """Argo takes the first and says nothing of the others, which may be the worse ones."""
        outcome = await asked(measuring, server, "target=shop.*&from=-10min")
        assert sorted(outcome.value) == [0.0, 0.95, 0.97, 0.99]
        assert {one["target"] for one in outcome.labels} == set(VALUES)

    @pytest.mark.parametrize("query", ["target=shop.nothing", "target=shop.success&from=-2h&until=-90min"])
    async def test_nothing_is_no_data(self, query: str, server: str, measuring: Measuring) -> None:
        """In Argo it is an error, which aborts the release."""
        outcome = await asked(measuring, server, query)
        assert (outcome.no_data, outcome.value, outcome.error) == (True, [], "")

    async def test_a_bad_query_says_what_the_server_says_about_it(self, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, "target=nosuch(shop.success)")
        assert "answered 400" in outcome.error
        assert "unknown function: nosuch" in outcome.error
        assert not outcome.retry


@pytest.mark.real
@pytest.mark.parametrize(
    "answer", [{}, {"error": "x"}, 7, [7], [{"target": "a"}], [{"target": "a", "datapoints": [[True, 1]]}]]
)
async def test_what_graphite_does_not_say_is_an_error_and_never_no_data(answer: object) -> None:
    async def render(_request: web.Request) -> web.Response:
        return web.json_response(answer)

    async with serving(web.get("/render", render)) as address, Measuring() as measuring:
        outcome = await asked(measuring, f"http://{address}", "target=a")
    assert "something that Graphite does not say" in outcome.error
    assert not outcome.no_data


def test_what_is_wrong_with_a_query_is_found_when_the_manifest_is_loaded() -> None:
    assert [str(one) for one in Graphite.check({"address": "graphite:8080", "query": ""})] == [
        "address: that is no URL that can be asked (write http://prometheus.example.com:9090, for instance)",
        "query: a text is needed",
    ]
    assert not Graphite.check({"address": "http://{{args.host}}", "query": "target={{args.series}}"})
