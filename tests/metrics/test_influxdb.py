"""The InfluxDB provider beside the real one, which asks for a password."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from bluegreen.analysis import judge
from bluegreen.metrics.influxdb import InfluxDB
from bluegreen.runs import AnalysisPhase
from bluegreen.snapshot import Outcome
from bluegreen.spec import Metric
from tests.metrics.servers.influxdb import PASSWORD, USER, influxdb
from tests.metrics.servers.measuring import Measuring
from tests.metrics.servers.shop import serving

real = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]
LINES = """\
http,path=/ success=0.99,requests=100i,note="fine" 1700000000000000000
http,path=/ success=0.98,requests=50i 1700000010000000000
http,path=/buy success=0.97,requests=10i 1700000000000000000
idle requests=0i 1700000000000000000
""" + "".join(f"many v={number} {1700000000 + number}000000000\n" for number in range(30))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[str]:
    """The address of an InfluxDB that knows the lines above."""
    async with influxdb(tmp_path_factory.mktemp("influxdb"), LINES) as (address, _):
        yield f"http://{address}"


@pytest_asyncio.fixture(loop_scope="module")
async def measuring() -> AsyncGenerator[Measuring]:
    """Providers of the test's own, with the password as a secret."""
    async with Measuring({"password": PASSWORD}) as found:
        yield found


async def asked(measuring: Measuring, server: str, query: str, **more: Any) -> Outcome:
    """What becomes of one query."""
    who = {"username": USER, "password": "{{args.password}}"}
    return await measuring.outcome("influxdb", {"address": server, "database": "shop", "query": query, **who, **more})


class TestBesideTheRealOne:
    """One server for all of them."""

    pytestmark = real

    async def test_a_column_becomes_a_list_of_its_values(self, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, "SELECT success FROM http WHERE path = '/'")
        assert outcome.value == [0.99, 0.98]
        assert outcome.labels == [{"name": "http", "column": "success"}] * 2

    async def test_integers_are_values_too(self, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, 'SELECT sum("requests") FROM http')
        assert outcome.value == [160]

    async def test_groups_keep_their_tags(self, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, "SELECT mean(success) FROM http GROUP BY path")
        assert outcome.value == [0.985, 0.97]
        assert [one["path"] for one in outcome.labels] == ["/", "/buy"]

    async def test_cells_without_a_value_are_left_out(self, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, "SELECT note, requests FROM http WHERE path = '/'")
        assert outcome.value == ["fine", 100, 50]

    async def test_zero_is_a_value(self, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, "SELECT requests FROM idle")
        assert (outcome.value, outcome.no_data) == ([0], False)

    @pytest.mark.parametrize(
        "query",
        [
            "SELECT success FROM http WHERE path = '/nowhere'",
            "SELECT mean(success) FROM nothing",
            "SELECT mean(success) FROM http WHERE time > 1700000020s AND time < 1700000040s GROUP BY time(10s)",
        ],
    )
    async def test_no_rows_are_no_data_and_never_zero(self, query: str, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, query)
        assert (outcome.no_data, outcome.value, outcome.error) == (True, [], "")
        judged = judge(Metric("errors", "influxdb", failure_condition="result[0] > 0.05"), outcome)
        assert judged.phase is AnalysisPhase.INCONCLUSIVE

    async def test_a_bad_query_is_an_error_for_a_person(self, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, "SELECT FROM")
        assert "answered 400: error parsing query" in outcome.error
        assert not outcome.retry

    async def test_a_database_that_is_not_there_is_an_error_and_not_no_data(
        self, server: str, measuring: Measuring
    ) -> None:
        outcome = await asked(measuring, server, "SELECT success FROM http", database="nowhere")
        assert "database not found" in outcome.error
        assert not outcome.no_data

    async def test_a_retention_policy_may_be_named(self, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, "SELECT requests FROM idle", retentionPolicy="autogen")
        assert outcome.value == [0]
        outcome = await asked(measuring, server, "SELECT requests FROM idle", retentionPolicy="nowhere")
        assert "retention policy not found" in outcome.error

    async def test_two_statements_are_an_error(self, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, "SELECT success FROM http; SELECT success FROM http")
        assert "2 statements" in outcome.error
        assert not outcome.retry

    async def test_the_first_rows_of_many_are_not_taken_for_all(self, server: str, measuring: Measuring) -> None:
        """The server is set to give 20."""
        outcome = await asked(measuring, server, "SELECT v FROM many")
        assert "the first rows only" in outcome.error
        assert (await asked(measuring, server, "SELECT count(v) FROM many")).value == [30]

    async def test_a_wrong_password_is_an_error_for_a_person(self, server: str, measuring: Measuring) -> None:
        outcome = await asked(measuring, server, "SELECT success FROM http", password="not-it")
        assert "answered 401" in outcome.error
        assert "not-it" not in outcome.error
        assert not outcome.retry


@pytest.mark.real
@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        7,
        {"results": 7},
        {"results": {}},
        {"results": []},
        {"results": [7]},
        {"results": [{"series": [{"values": [[0, 1]]}]}]},
        {"results": [{"series": [{"columns": ["time"], "values": [[0, 1]]}]}]},
    ],
)
async def test_what_influxdb_does_not_say_is_an_error_and_never_no_data(answer: object) -> None:
    async def query(_request: web.Request) -> web.Response:
        return web.json_response(answer)

    async with serving(web.get("/query", query)) as address, Measuring({"password": PASSWORD}) as measuring:
        outcome = await asked(measuring, f"http://{address}", "SELECT 1")
    assert "something that InfluxDB does not say" in outcome.error
    assert not outcome.no_data


def test_flux_is_refused_when_the_manifest_is_loaded_and_says_what_to_write() -> None:
    (problem,) = InfluxDB.check({"profile": "my-influx", "query": 'from(bucket: "shop")'})
    assert "InfluxQL" in str(problem)


def test_what_is_missing_or_misspelt_is_found_when_the_manifest_is_loaded() -> None:
    found = [str(one) for one in InfluxDB.check({"adress": "http://{{args.host}}:8086", "query": "SELECT 1"})]
    assert any("adress: unknown field (did you mean address?)" in one for one in found)
    assert any("database: it is missing" in one for one in found)
    assert not InfluxDB.check({"address": "http://{{args.host}}:8086", "database": "{{args.db}}", "query": "SELECT 1"})
