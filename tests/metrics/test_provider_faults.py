"""Whatever can go wrong between a provider and its server: the right outcome each time, and no secret anywhere."""

from __future__ import annotations

import asyncio
import base64
import logging
import traceback
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from attrs import evolve, frozen

from bluegreen.analysis import About, advance
from bluegreen.codec import dump_record
from bluegreen.errors import BackendError, BluegreenError
from bluegreen.metrics import Context
from bluegreen.placeholders import filled
from bluegreen.plugins import METRICS, find
from bluegreen.record import Healthy, Record
from bluegreen.runs import AnalysisPhase, AnalysisRun
from bluegreen.snapshot import Outcome
from bluegreen.spec import Analysis, Metric
from tests.metrics.servers.faults import Fault, FaultProxy, fault_proxy
from tests.metrics.servers.graphite import graphite
from tests.metrics.servers.influxdb import PASSWORD, USER, influxdb
from tests.metrics.servers.measuring import Measuring
from tests.metrics.servers.prometheus import prometheus_server, victoria_metrics
from tests.metrics.servers.running import Server
from tests.support.worlds import START, V1

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]
TOKEN = "t0ken-that-nobody-may-see"
BEARER = [{"key": "Authorization", "value": "Bearer {{args.token}}"}]


@frozen
class Kind:
    """A provider, its query, how its real server starts in a folder, and the value it then gives."""

    provider: str
    query: dict[str, Any]
    start: Callable[[Path], AbstractAsyncContextManager[tuple[str, Server]]]
    value: object
    field: str = "address"
    prefix: str = "http://"
    limit: str = "timeout"
    token: str = TOKEN

    def ask(self, address: str, **more: Any) -> dict[str, Any]:
        """The query, sent to this address."""
        suffix = self.query[self.field]
        return {**self.query, self.field: f"{self.prefix}{address}{suffix}", **more}


NOTHING = "127.0.0.1:9"
KINDS = {
    "prometheus": Kind(
        "prometheus",
        {"address": "", "query": "vector(0.5)", "headers": BEARER},
        lambda folder: prometheus_server(folder, NOTHING),
        [0.5],
    ),
    "victoria-metrics": Kind(
        "prometheus",
        {"address": "", "query": "vector(0.5)", "headers": BEARER},
        lambda folder: victoria_metrics(folder, NOTHING),
        [0.5],
    ),
    "influxdb": Kind(
        "influxdb",
        {
            "address": "",
            "database": "shop",
            "query": "SELECT v FROM shop",
            "username": USER,
            "password": "{{args.token}}",
        },
        lambda folder: influxdb(folder, "shop v=0.5"),
        [0.5],
        token=PASSWORD,
    ),
    "graphite": Kind(
        "graphite",
        {"address": "", "query": "target=constantLine(0.5)&from=-2min", "headers": BEARER},
        lambda folder: graphite(folder, {"shop.v": [1.0]}),
        [0.5, 0.5, 0.5],
    ),
    "web": Kind(
        "web",
        {"url": "/api/v1/query?query=0.5&token={{args.token}}", "jsonPath": "{$.data.result[1]}", "headers": BEARER},
        lambda folder: prometheus_server(folder, NOTHING),
        "0.5",
        field="url",
        limit="timeoutSeconds",
    ),
}


@frozen
class Bench:
    """A kind's real server, running, with a fault proxy before it."""

    kind: Kind
    proxy: FaultProxy

    def query(self) -> dict[str, Any]:
        """The query, sent through the proxy; it may take half a second where the proxy stalls."""
        limit = 0.5 if self.proxy.fault is Fault.STALL else 10
        return self.kind.ask(self.proxy.address, **{self.kind.limit: limit})


@asynccontextmanager
async def measuring(kind: Kind) -> AsyncGenerator[Measuring]:
    """Providers that know the kind's token as a secret."""
    async with Measuring({"token": kind.token}) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=list(KINDS))
async def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Bench]:
    """One real server for all faults."""
    kind = KINDS[request.param]
    async with AsyncExitStack() as stack:
        address, _ = await stack.enter_async_context(kind.start(tmp_path_factory.mktemp("faults")))
        yield Bench(kind, await stack.enter_async_context(fault_proxy(address)))


EXPECTED = {
    Fault.STALL: ("gave no answer within 0.5 s", True),
    Fault.HALF: ("broke off in the middle of its answer", True),
    Fault.DROP: ("broke off before it answered", True),
    Fault.ECHO_500: ("answered 500", True),
    Fault.ECHO_401: ("answered 401", False),
    Fault.BUSY: ("answered 429: slow down", True),
    Fault.GARBAGE: ("answered something that is not HTTP", True),
    Fault.HTML: ("not JSON: Please log in", True),
    Fault.HUGE: ("answered more than 1024 KiB", False),
    Fault.ELSEWHERE: ("redirects to another server, example.invalid:80", False),
}


def stored(kind: Kind, outcome: Outcome) -> tuple[AnalysisRun, str]:
    """What a record keeps of the outcome: the run, and the record as text."""
    metric = Metric("metric", kind.provider, kind.ask("server"))
    run = AnalysisRun("run", V1, 1, started_at=START)
    mine = evolve(outcome, key=evolve(outcome.key, run=run.id, number=0))
    run = advance(Analysis((metric,)), run, [mine], About(V1), START).run
    return run, dump_record(Record(Healthy(V1, START), runs=(run,)))


@pytest.mark.parametrize("fault", list(EXPECTED))
async def test_a_fault_is_an_error_in_words_and_no_secret_is_written_anywhere(
    fault: Fault, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said, retry = EXPECTED[fault]
    async with measuring(bench.kind) as providers:
        bench.proxy.fault = fault
        outcome = await providers.outcome(bench.kind.provider, bench.query())
        bench.proxy.fault = Fault.NONE
        again = await providers.outcome(bench.kind.provider, bench.query())
    assert said in outcome.error
    assert (outcome.retry, outcome.no_data, outcome.value) == (retry, False, None)
    assert (again.error, again.value) == ("", bench.kind.value), "and once it is over, it is over"
    run, record = stored(bench.kind, outcome)
    assert run.metric("metric").phase in (AnalysisPhase.RUNNING, AnalysisPhase.ERROR)
    assert said in record
    assert_secret(bench.kind, repr(outcome), record, caplog.text)


@pytest.mark.parametrize("fault", list(EXPECTED))
async def test_a_provider_alone_shows_no_secret_either(
    fault: Fault, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine hides the secrets that it knows; here nobody but the provider can. A traceback tells nothing more."""
    caplog.set_level(logging.DEBUG)
    provider = find(METRICS, bench.kind.provider)(Context("shop"))
    bench.proxy.fault = fault
    try:
        with pytest.raises(BluegreenError) as caught:
            await provider.measure(filled(bench.query(), {"args.token": bench.kind.token}))
    finally:
        bench.proxy.fault = Fault.NONE
        await provider.close()
    written = "".join(traceback.format_exception(caught.value))
    assert_secret(bench.kind, written, repr(caught.value), caplog.text)
    assert "127.0.0.1" in str(caught.value), "it says where"


async def test_a_busy_server_says_when_to_come_back(bench: Bench) -> None:
    provider = find(METRICS, bench.kind.provider)(Context("shop"))
    bench.proxy.fault = Fault.BUSY
    try:
        with pytest.raises(BackendError) as caught:
            await provider.measure(bench.query())
    finally:
        bench.proxy.fault = Fault.NONE
        await provider.close()
    assert caught.value.retry_after_s == 7


async def test_the_token_did_reach_the_server(bench: Bench) -> None:
    """Else the search for it would find nothing for no reason."""
    async with measuring(bench.kind) as providers:
        bench.proxy.asked.clear()
        await providers.outcome(bench.kind.provider, bench.query())
    expected = b"Basic " if bench.kind.provider == "influxdb" else f"Bearer {TOKEN}".encode()
    assert expected in bench.proxy.asked[0]


async def test_a_measurement_that_is_given_up_leaves_nothing_behind(bench: Bench) -> None:
    """The engine's own limit ends it before the provider's does."""
    async with measuring(bench.kind) as providers:
        bench.proxy.fault = Fault.STALL
        query = {**bench.query(), bench.kind.limit: 30}
        outcome = await providers.outcome(bench.kind.provider, query, timeout_s=0.3)
        bench.proxy.fault = Fault.NONE
        assert outcome.error == "no answer within 0.3 s"
        assert await providers.value(bench.kind.provider, bench.query()) == bench.kind.value


@pytest.mark.parametrize("name", list(KINDS))
async def test_a_server_that_stops_is_an_error_and_one_that_comes_back_is_none(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    async with kind.start(tmp_path) as (address, server), measuring(kind) as providers:
        query = kind.ask(address)
        assert await providers.value(kind.provider, query) == kind.value
        await server.stop()
        outcome = await providers.outcome(kind.provider, query)
        assert "cannot be reached" in outcome.error
        assert outcome.retry
        await server.start()
        assert await providers.value(kind.provider, query) == kind.value


@pytest.mark.parametrize("name", list(KINDS))
async def test_a_restart_between_two_measurements_goes_unnoticed(name: str, tmp_path: Path) -> None:
    """The connection that was kept is of no use any more: that is no error of the release's."""
    kind = KINDS[name]
    async with kind.start(tmp_path) as (address, server), measuring(kind) as providers:
        assert await providers.value(kind.provider, kind.ask(address)) == kind.value
        await server.stop(kill=True)
        await server.start()
        assert await providers.value(kind.provider, kind.ask(address)) == kind.value


async def test_a_server_killed_while_it_is_asked_is_an_error_worth_another_try(tmp_path: Path) -> None:
    kind = KINDS["prometheus"]
    async with kind.start(tmp_path) as (address, server), measuring(kind) as providers:
        asking = [asyncio.ensure_future(providers.outcome("prometheus", kind.ask(address))) for _ in range(50)]
        await asyncio.sleep(0.02)
        await server.stop(kill=True)
        for outcome in await asyncio.gather(*asking):
            assert (outcome.error == "") != (outcome.value is None)
            assert not outcome.no_data
            assert outcome.retry or not outcome.error


def assert_secret(kind: Kind, *written: str) -> None:
    """Nothing that was written holds the token, whole or in base64."""
    for text in written:
        for form in (kind.token, encoded(kind.token), encoded(f"{USER}:{kind.token}")):
            assert form not in text


def encoded(text: str) -> str:
    """Base64, without its end, which depends on what follows."""
    return base64.b64encode(text.encode()).decode().rstrip("=")[:-2]
