"""The providers with a server behind them keep every rule that a provider has to, beside the real servers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from bluegreen.metrics import Context
from bluegreen.metrics.graphite import Graphite
from bluegreen.metrics.influxdb import InfluxDB
from bluegreen.metrics.prometheus import Prometheus
from bluegreen.metrics.web import Web
from bluegreen.ports import MetricProvider
from bluegreen.testing.conformance import metrics
from tests.metrics.servers.faults import Fault, fault_proxy
from tests.metrics.servers.graphite import graphite
from tests.metrics.servers.influxdb import PASSWORD, USER, influxdb
from tests.metrics.servers.prometheus import prometheus_server, victoria_metrics

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]
SECRET = "s3cret-of-the-rules"
SERVERS: dict[str, Callable[..., Any]] = {
    "prometheus": lambda folder: prometheus_server(folder, "127.0.0.1:9"),
    "victoria-metrics": lambda folder: victoria_metrics(folder, "127.0.0.1:9"),
    "graphite": lambda folder: graphite(folder, {"shop.v": [1.0]}),
    "influxdb": lambda folder: influxdb(folder, "shop v=0"),
    "web": lambda folder: prometheus_server(folder, "127.0.0.1:9"),
}


def query(name: str, address: str, number: int) -> dict[str, Any]:
    """A query whose answer is the number."""
    url, headers = f"http://{address}", [{"key": "Authorization", "value": f"Bearer {SECRET}"}]
    match name:
        case "graphite":
            return {"address": url, "query": f"target=constantLine({number})&from=-2min", "headers": headers}
        case "influxdb":
            who = {"username": USER, "password": PASSWORD}
            return {"address": url, "database": "shop", "query": f"SELECT v + {number} FROM shop", **who}
        case "web":
            where = f"{url}/api/v1/query?query={number}"
            return {"url": where, "jsonPath": "{$.data.result[1]}", "headers": headers}
        case _:
            return {"address": url, "query": f"vector({number})", "headers": headers}


EMPTY = {
    "prometheus": {"query": "nothing"},
    "victoria-metrics": {"query": "nothing"},
    "graphite": {"query": "target=shop.nothing"},
    "influxdb": {"query": "SELECT v FROM nothing"},
    "web": {"jsonPath": "{$.data.nothing}"},
}
CLASSES: dict[str, Callable[[Context], MetricProvider]] = {"graphite": Graphite, "influxdb": InfluxDB, "web": Web}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=list(SERVERS))
async def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[metrics.Case]:
    """What the rules may ask a provider and its server, with a proxy for each fault between them."""
    name: str = request.param
    secret = PASSWORD if name == "influxdb" else SECRET
    limit = {"timeoutSeconds" if name == "web" else "timeout": 0.5}
    async with AsyncExitStack() as stack:
        address, _ = await stack.enter_async_context(SERVERS[name](tmp_path_factory.mktemp("rules")))
        failing = dict[str, Any]()
        for fault in Fault:
            if fault is not Fault.NONE:
                proxy = await stack.enter_async_context(fault_proxy(address))
                proxy.fault = fault
                failing[fault] = {**query(name, proxy.address, 1), **(limit if fault is Fault.STALL else {})}

        def tells(number: int, answer: Any) -> bool:
            return float(answer[0] if isinstance(answer, list) else answer) == number

        yield metrics.Case(
            make=lambda: CLASSES.get(name, Prometheus)(Context("shop")),
            query=query(name, address, 7),
            numbered=lambda number: query(name, address, number),
            tells=tells,
            failing=failing,
            permanent={Fault.ECHO_401},
            passing={Fault.STALL, Fault.HALF, Fault.DROP, Fault.ECHO_500, Fault.BUSY},
            secret=secret,
            empty={**query(name, address, 1), **EMPTY[name]},
        )


@pytest.mark.parametrize("rule", metrics.RULES)
async def test_it_keeps_the_rule(rule: str, case: metrics.Case) -> None:
    await metrics.check(rule, case)
