"""`scrape`: what two readings of each replica come to, beside a real Prometheus and real servers."""

import asyncio
import math
import shutil
import subprocess
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, web
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client import Counter as PrometheusCounter

from bluegreen.errors import BackendError, PermanentBackendError
from bluegreen.metrics import Context
from bluegreen.metrics.scrape import Scrape
from bluegreen.metrics.scrape.selectors import selector
from bluegreen.metrics.scrape.series import histogram_quantile
from bluegreen.ports import NoData
from bluegreen.spec import RevisionId
from bluegreen.testing.conformance import metrics
from tests.local.support import free_port
from tests.metrics.weather import served

PAGE = """
# TYPE requests_total counter
requests_total{code="200",path="/"} %d
requests_total{code="500",path="/"} %d
# TYPE temperature gauge
temperature{room="a"} 20
temperature{room="b"} 1.5
# TYPE odd gauge
odd NaN
"""


class Replicas:
    """Replicas whose pages are given one after the other; the last one stays."""

    def __init__(self) -> None:
        self.here: dict[str, tuple[str, ...]] = {}

    async def addresses(self, revision: RevisionId) -> tuple[str, ...]:
        return self.here.get(revision, ())

    @asynccontextmanager
    async def one(self, *pages: str | int, revision: str = "abc") -> AsyncGenerator[str]:
        left = list(pages)

        async def handler(request: web.Request) -> web.Response:
            assert request.path == "/metrics"
            page = left.pop(0) if len(left) > 1 else left[0]
            if page == "hung":
                await asyncio.sleep(20)
            return web.Response(status=page) if isinstance(page, int) else web.Response(text=page)

        async with served(handler) as base:
            address = base.removeprefix("http://")
            self.here[revision] = (*self.here.get(revision, ()), address)
            yield address


async def scraped(replicas: Replicas, series: Mapping[str, Any], **more: Any) -> Any:
    """What one measurement of the revision abc comes to."""
    scrape = Scrape(Context("shop", addresses=replicas.addresses))
    try:
        return await scrape.measure({"revision": "abc", "interval": "200ms", "series": series, **more})
    finally:
        await scrape.close()


async def test_rates_are_summed_over_series_and_replicas_and_gauges_are_read_last() -> None:
    replicas, began = Replicas(), time.monotonic()
    async with replicas.one(PAGE % (100, 0), PAGE % (110, 4)), replicas.one(PAGE % (7, 0), PAGE % (17, 0)):
        found = await scraped(
            replicas,
            {
                "all": {"rate": "requests_total"},
                "bad": {"rate": 'requests_total{code=~"5.."}'},
                "temperature": {"gauge": "temperature"},
                "room": {"gauge": 'temperature{room!="a"}'},
                "nothing": {"rate": "other_total"},
            },
        )
    assert 24 / (time.monotonic() - began) <= found["all"] <= 24 / 0.2
    assert 4 / (time.monotonic() - began) <= found["bad"] <= 4 / 0.2
    assert (found["temperature"], found["room"], found["nothing"]) == (43, 3, None)


async def test_a_counter_that_fell_began_anew_and_one_that_appeared_began_from_nothing() -> None:
    replicas, began = Replicas(), time.monotonic()
    before, after = "# TYPE a counter\na 1000\n", "# TYPE a counter\na 6\n# TYPE b_total counter\nb_total 3\n"
    async with replicas.one(before, after):
        found = await scraped(replicas, {"a": {"rate": "a"}, "b": {"rate": "b_total"}})
    assert 6 / (time.monotonic() - began) <= found["a"] <= 6 / 0.2
    assert found["b"] * 2 == pytest.approx(found["a"])


async def test_a_quantile_is_of_what_was_observed_in_between() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("took_seconds", "How long", ["path"], registry=registry, buckets=(0.1, 0.2, 0.4, 1))
    for _ in range(1000):
        histogram.labels("/").observe(0.9)  # long ago
    before = generate_latest(registry).decode()
    for value in (0.05, 0.15, 0.15, 0.3):
        histogram.labels("/").observe(value)
    replicas = Replicas()
    async with replicas.one(before, generate_latest(registry).decode()):
        found = await scraped(
            replicas,
            {
                "half": {"quantile": 0.5, "of": "took_seconds_bucket"},
                "most": {"quantile": "0.95", "of": 'took_seconds{path="/"}'},
                "none": {"quantile": 0.5, "of": 'took_seconds_bucket{path="/other"}'},
            },
        )
    assert found == {"half": pytest.approx(0.15), "most": pytest.approx(0.36), "none": None}


async def test_a_histogram_that_observed_nothing_is_no_data() -> None:
    registry = CollectorRegistry()
    Histogram("took_seconds", "How long", registry=registry).observe(1)
    replicas = Replicas()
    async with replicas.one(generate_latest(registry).decode()):
        assert await scraped(replicas, {"p99": {"quantile": 0.99, "of": "took_seconds"}}) == NoData()


async def test_nothing_that_matches_is_no_data_and_no_increase_is_zero() -> None:
    replicas = Replicas()
    async with replicas.one(PAGE % (5, 0)):
        assert await scraped(replicas, {"a": {"rate": "other_total"}, "b": {"gauge": 'odd{x="y"}'}}) == NoData()
        assert await scraped(replicas, {"a": {"rate": "requests_total"}}) == {"a": 0}
        found = await scraped(replicas, {"odd": {"gauge": "odd"}})
        assert math.isnan(found["odd"])


async def test_a_replica_that_goes_in_between_is_left_out() -> None:
    replicas, began = Replicas(), time.monotonic()
    async with replicas.one(PAGE % (0, 0), PAGE % (20, 0)) as stays:
        async with replicas.one(PAGE % (0, 0), PAGE % (9000, 0)):
            measuring = asyncio.create_task(scraped(replicas, {"a": {"rate": "requests_total"}}, interval="400ms"))
            await asyncio.sleep(0.2)
        replicas.here["abc"] = (stays,)
        found = await measuring
    assert 20 / (time.monotonic() - began) <= found["a"] <= 20 / 0.4


async def test_a_replica_that_goes_while_it_is_read_is_left_out() -> None:
    replicas, began = Replicas(), time.monotonic()
    async with replicas.one(PAGE % (0, 0), PAGE % (20, 0)) as stays, replicas.one(PAGE % (0, 0), 503) as goes:
        looks = iter([(stays, goes), (stays, goes), (stays,)])

        async def addresses(_revision: RevisionId) -> tuple[str, ...]:
            return next(looks)

        scrape = Scrape(Context("shop", addresses=addresses))
        query = {"revision": "abc", "interval": "200ms", "series": {"a": {"rate": "requests_total"}}}
        found: Any = await scrape.measure(query)
        await scrape.close()
    assert 20 / (time.monotonic() - began) <= found["a"] <= 20 / 0.2


@pytest.mark.parametrize("pages", [(500,), (PAGE % (1, 1), 500), ("<html>nothing of the sort</html>",)])
async def test_a_replica_that_is_there_and_cannot_be_read_is_an_error(pages: Sequence[str | int]) -> None:
    replicas = Replicas()
    async with replicas.one(PAGE % (1, 1)), replicas.one(*pages) as bad:
        with pytest.raises(BackendError, match=f"{bad} answered"):
            await scraped(replicas, {"a": {"rate": "requests_total"}})


async def test_without_replicas_there_is_nothing_to_read() -> None:
    with pytest.raises(BackendError, match="no replica"):
        await scraped(Replicas(), {"a": {"rate": "requests_total"}})


async def test_a_port_of_its_own_goes_before_the_replicas() -> None:
    replicas = Replicas()
    async with replicas.one(PAGE % (1, 1), revision="other") as address:
        host, _, port = address.partition(":")
        replicas.here["abc"] = (f"{host}:{free_port()}",)
        found = await scraped(replicas, {"t": {"gauge": "temperature"}}, port=int(port))
    assert found == {"t": 21.5}


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({}, "series revision"),
        ({"revision": "a", "series": {}}, "series"),
        ({"revision": "a", "series": {"x": {}}}, "series.x"),
        ({"revision": "a", "series": {"x": {"rate": "a", "gauge": "b"}}}, "series.x"),
        ({"revision": "a", "series": {"x": {"rate": "a{b=}"}}}, "series.x.rate"),
        ({"revision": "a", "series": {"x": {"rate": 'a{b=~"("}'}}}, "series.x.rate"),
        ({"revision": "a", "series": {"x": {"rate": "sum(a)"}}}, "series.x.rate"),
        ({"revision": "a", "series": {"x": {"quantile": 99, "of": "a"}}}, "series.x.quantile"),
        ({"revision": "a", "series": {"x": {"quantile": 0.9}}}, "series.x.of"),
        ({"revision": "a", "series": {"x": {"rate": "a", "off": "b"}}}, "series.x.off"),
        ({"revision": "a", "series": {"x": {"rate": "a"}}, "path": "metrics"}, "path"),
        ({"revision": "a", "series": {"x": {"rate": "a"}}, "port": "http"}, "port"),
        ({"revision": "a", "series": {"x": {"rate": "a"}}, "interval": "1h"}, "interval"),
        ({"revision": "a", "serie": {}, "series": {"x": {"rate": "a"}}}, "serie"),
    ],
)
def test_a_query_that_cannot_be_used_is_refused_at_its_place(query: Mapping[str, Any], place: str) -> None:
    assert " ".join(".".join(map(str, one.path)) for one in Scrape.check(query)) == place


def test_it_says_how_long_it_may_take() -> None:
    assert [Scrape.takes_s({"interval": one}) for one in ("1m", "{{args.x}}")] == [70, 610]


def test_a_selector_means_what_it_means_to_prometheus() -> None:
    chosen = selector(' a:b { x = "1\\"\\n", y=~"4..|5..", z!~"q.*", w!="", } ')
    labels = {"x": '1"\n', "y": "503", "z": "", "w": "1"}
    assert chosen.matches(("a:b",), labels)
    for other in ({"x": "1"}, {"y": "5033"}, {"z": "qq"}, {"w": ""}):
        assert not chosen.matches(("a:b",), {**labels, **other})
    assert not chosen.matches(("a",), labels)


def test_the_last_bucket_gives_the_highest_finite_bound_and_nothing_gives_nan() -> None:
    assert histogram_quantile(0.9, {1: 1, 2: 5, math.inf: 100}) == 2
    assert histogram_quantile(0.5, {1: 2, 2: 10, math.inf: 10}) == 1 + 3 / 8
    assert histogram_quantile(0.5, {-1: 5, 0: 6, math.inf: 6}) == -1
    nothings: list[dict[float, float]] = [{}, {math.inf: 5}, {1: 5, 2: 6}, {1: 0, math.inf: 0}]
    for nothing in nothings:
        assert math.isnan(histogram_quantile(0.5, nothing))


@given(st.lists(st.floats(0.01, 9.9), min_size=1, max_size=200), st.floats(0, 1))
def test_a_quantile_lies_in_the_bucket_of_the_true_one(values: list[float], share: float) -> None:
    bounds = [0.1, 0.5, 1, 5, 10, math.inf]
    found = histogram_quantile(share, {bound: sum(one <= bound for one in values) for bound in bounds})
    true = sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]
    upper = next(bound for bound in bounds if true <= bound)
    lower = max((bound for bound in bounds if bound < upper), default=0.0)
    assert lower * (1 - 1e-9) <= found <= upper * (1 + 1e-9) or math.isclose(share * len(values) % 1, 0, abs_tol=1e-6)


HISTOGRAMS: dict[str, dict[str, int]] = {
    "plain": {"0.1": 3, "0.5": 10, "1": 10, "5": 17, "+Inf": 20},
    "negative": {"-2": 4, "-1": 5, "0": 9, "1": 30, "+Inf": 30},
    "first": {"0.5": 8, "1": 8, "+Inf": 8},
    "last": {"0.5": 0, "1": 0, "+Inf": 8},
    "broken": {"0.5": 5, "1": 3, "2": 9, "+Inf": 9},
    "empty": {"0.5": 0, "+Inf": 0},
    "unbounded": {"0.5": 3, "1": 4},
}
QUANTILES = (0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1)


@pytest.mark.real
async def test_quantiles_are_those_of_a_real_prometheus(tmp_path: Path) -> None:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("there is no prometheus here: apt-get install prometheus")
    lines = [
        f'h_bucket{{name="{name}",le="{bound}"}} {count}'
        for name, buckets in HISTOGRAMS.items()
        for bound, count in buckets.items()
    ]

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="\n".join(lines) + "\n")

    async with served(page) as base, prometheus(program, base.removeprefix("http://"), tmp_path) as ask:
        for quantile in QUANTILES:
            answer = await ask(f"histogram_quantile({quantile}, h_bucket)")
            theirs = {one["metric"]["name"]: float(one["value"][1]) for one in answer}
            for name, buckets in HISTOGRAMS.items():
                ours = histogram_quantile(quantile, {float(bound): count for bound, count in buckets.items()})
                if name in theirs or not math.isnan(ours):
                    assert ours == pytest.approx(theirs[name], nan_ok=True), (name, quantile)


@asynccontextmanager
async def prometheus(program: str, target: str, folder: Path) -> AsyncGenerator[Callable[[str], Any]]:
    """A real Prometheus that has read the target once, and a way to ask it."""
    jobs = f"scrape_configs: [{{job_name: a, scrape_interval: 1s, static_configs: [{{targets: ['{target}']}}]}}]"
    Path(folder, "p.yml").write_text(jobs)
    listen = f"127.0.0.1:{free_port()}"
    arguments = [f"--config.file={folder}/p.yml", f"--storage.tsdb.path={folder}/db", f"--web.listen-address={listen}"]
    running = subprocess.Popen([program, *arguments, "--log.level=error"], stderr=subprocess.DEVNULL)
    async with ClientSession() as session:

        async def ask(query: str) -> Any:
            async with session.get(f"http://{listen}/api/v1/query", params={"query": query}) as reply:
                return (await reply.json())["data"]["result"]

        async def ready() -> bool:
            try:
                return bool(await ask("h_bucket"))
            except (ClientError, KeyError, ValueError):
                return False

        try:
            async with asyncio.timeout(30):
                while not await ready():
                    await asyncio.sleep(0.1)
            yield ask
        finally:
            running.terminate()
            running.wait(timeout=10)


@pytest.mark.real
@pytest.mark.parametrize("rule", metrics.RULES)
async def test_it_keeps_the_rules_for_metric_providers(rule: str) -> None:
    registry = CollectorRegistry()
    counter = PrometheusCounter("numbers", "A number", ["n"], registry=registry)
    for number in range(metrics.AT_ONCE):
        counter.labels(str(number)).inc(number)
    replicas = Replicas()

    def query(series: Mapping[str, Any], revision: str = "abc", **more: Any) -> dict[str, Any]:
        return {"revision": revision, "interval": "50ms", "timeout": "5s", "series": series, **more}

    value = {"a": {"gauge": 'numbers_total{n="1"}'}}
    async with (
        replicas.one(generate_latest(registry).decode()),
        replicas.one(503, revision="down"),
        replicas.one("<html>", revision="garbage"),
        replicas.one("hung", revision="hung"),
    ):
        replicas.here["refused"] = (f"127.0.0.1:{free_port()}",)
        await metrics.check(
            rule,
            metrics.Case(
                make=lambda: Scrape(Context("shop", addresses=replicas.addresses)),
                query=query(value),
                numbered=lambda number: query({"a": {"gauge": f'numbers_total{{n="{number}"}}'}}),
                tells=lambda number, answer: answer == {"a": number},
                failing={
                    **{name: query(value, name) for name in ("down", "garbage", "refused", "s3cret")},
                    "hung": query(value, "hung", timeout="200ms"),
                    "no selector": query({"a": {"rate": "s3cret("}}),
                },
                permanent={"no selector"},
                passing={"down", "refused", "hung"},
                secret="s3cret",
                empty=query({"a": {"rate": "nothing_total"}}),
            ),
        )


async def test_a_placeholder_that_is_left_is_refused() -> None:
    with pytest.raises(PermanentBackendError, match="placeholder"):
        await scraped(Replicas(), {"a": {"rate": "b"}}, path="/{{args.x}}")
