"""`cloudWatch` against moto's server: AWS, as far as it is needed."""

import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiobotocore.session import get_session  # type: ignore[import-untyped]
from aiohttp import web
from moto.server import ThreadedMotoServer

from bluegreen.errors import BackendError, PermanentBackendError
from bluegreen.metrics import Context
from bluegreen.metrics.cloudwatch import CloudWatch
from bluegreen.ports import NoData
from bluegreen.testing.conformance import metrics
from tests.local.support import free_port
from tests.metrics.weather import served

pytestmark = [
    pytest.mark.real,
    # botocore's and moto's own affairs
    pytest.mark.filterwarnings("ignore::DeprecationWarning:botocore"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:moto"),
]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of nobody, and nowhere else to look for any."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/nowhere"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere"),
    ):
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def moto() -> Generator[str]:
    """A server's URL, for all tests of this file."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def aws(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server, with every client of this test sent to it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    return moto


async def put(name: str, *values: float, region: str = "eu-central-1") -> None:
    """One value for each of the last minutes, the oldest first."""
    now = datetime.now(UTC)
    data = [
        {"MetricName": name, "Value": value, "Timestamp": now - timedelta(minutes=len(values) - index)}
        for index, value in enumerate(values)
    ]
    client: Any
    async with get_session().create_client("cloudwatch", region_name=region) as client:
        await client.put_metric_data(Namespace="shop", MetricData=data)


async def put_many(values: Mapping[str, float]) -> None:
    """One value for each metric, a minute ago."""
    then = datetime.now(UTC) - timedelta(minutes=1)
    data = [{"MetricName": name, "Value": value, "Timestamp": then} for name, value in values.items()]
    client: Any
    async with get_session().create_client("cloudwatch") as client:
        await client.put_metric_data(Namespace="shop", MetricData=data)


def query(name: str, **more: Any) -> dict[str, Any]:
    """One series of a minute's sums."""
    stat = {"metric": {"namespace": "shop", "metricName": name}, "period": 60, "stat": "Sum"}
    return {"interval": "30m", "metricDataQueries": [{"id": "a", "metricStat": stat}], **more}


@asynccontextmanager
async def cloudwatch() -> AsyncGenerator[CloudWatch]:
    made = CloudWatch(Context("shop"))
    try:
        yield made
    finally:
        await made.close()


async def test_values_come_newest_first_with_their_times(aws: str) -> None:
    await put("errors", 1, 2, 3)
    async with cloudwatch() as made:
        found: Any = await made.measure(query("errors"))
    (series,) = found
    assert (series["Id"], series["StatusCode"], series["Values"]) == ("a", "Complete", [3, 2, 1])
    times = [datetime.fromisoformat(one) for one in series["Timestamps"]]
    assert times == sorted(times, reverse=True)
    assert all(one.utcoffset() == timedelta(0) for one in times)


async def test_several_queries_come_in_their_order_and_hidden_ones_not(aws: str) -> None:
    await put("served", 10)
    await put("failed", 5)
    two = [query(name)["metricDataQueries"][0] for name in ("served", "failed")]
    queries = [{**two[1], "id": "f", "label": "bad"}, {**two[0], "id": "s", "returnData": True}]
    async with cloudwatch() as made:
        found: Any = await made.measure({"interval": "30m", "metricDataQueries": queries})
        assert [(one["Id"], one["Values"]) for one in found] == [("f", [5]), ("s", [10])]
        queries[0]["returnData"] = False
        hidden: Any = await made.measure({"interval": "30m", "metricDataQueries": queries})
    assert [one["Id"] for one in hidden] == ["s"]


async def test_no_values_are_no_data_and_the_conditions_may_look_at_it(aws: str) -> None:
    async with cloudwatch() as made:
        found = await made.measure(query("nobody"))
    assert isinstance(found, NoData)
    assert [(one["Id"], one["Values"]) for one in found.result] == [("a", [])]


async def test_the_query_may_name_another_region(aws: str) -> None:
    await put("regional", 7, region="us-west-2")
    async with cloudwatch() as made:
        assert isinstance(await made.measure(query("regional")), NoData)
        found: Any = await made.measure(query("regional", region="us-west-2"))
    assert found[0]["Values"] == [7]


async def test_what_aws_will_always_refuse_is_permanent_and_what_passes_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter(["AccessDenied", "ThrottlingException", "InternalServiceFault"])

    async def handler(_request: web.Request) -> web.Response:
        code = next(codes)
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>s3cret</Message></Error></ErrorResponse>"
        kind = {"x-amzn-query-error": f"{code};Sender"}
        return web.Response(status=403 if "Denied" in code else 500, text=body, headers=kind, content_type="text/xml")

    async with served(handler) as base:
        monkeypatch.setenv("AWS_ENDPOINT_URL", base)
        async with cloudwatch() as made:
            for permanent in (True, False, False):
                with pytest.raises(BackendError) as refused:
                    await made.measure(query("errors"))
                assert refused.value.permanent is permanent, str(refused.value)
                assert "s3cret" not in str(refused.value)


async def test_nobody_to_ask_may_pass_and_no_credentials_will_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    async with cloudwatch() as made:
        with pytest.raises(BackendError, match="cannot be asked") as refused:
            await made.measure(query("errors"))
        assert not refused.value.permanent
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    async with cloudwatch() as made:
        with pytest.raises(PermanentBackendError, match="credentials"):
            await made.measure(query("errors"))


async def test_without_a_region_it_says_where_to_write_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    async with cloudwatch() as made:
        with pytest.raises(PermanentBackendError, match="region"):
            await made.measure(query("errors"))


async def test_without_aiobotocore_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.split(".")[0] in ("aiobotocore", "botocore")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "botocore.exceptions", None)
    with pytest.raises(PermanentBackendError, match=r"bluegreen\[cloudwatch\]"):
        await CloudWatch(Context("shop")).measure(query("errors"))


ONE: dict[str, Any] = query("a")["metricDataQueries"][0]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({}, "metricDataQueries"),
        ({"metricDataQueries": []}, "metricDataQueries"),
        ({"metricDataQueries": [ONE, ONE]}, "metricDataQueries"),
        ({"metricDataQueries": [{**ONE, "id": "A"}]}, "metricDataQueries.0.id"),
        ({"metricDataQueries": [{**ONE, "expression": "a"}]}, "metricDataQueries.0"),
        ({"metricDataQueries": [{"id": "a"}]}, "metricDataQueries.0"),
        ({"metricDataQueries": [{**ONE, "returnData": "no"}]}, "metricDataQueries.0.returnData"),
        ({"metricDataQueries": [{**ONE, "lable": "x"}]}, "metricDataQueries.0.lable"),
        ({"metricDataQueries": [{"id": "a", "metricStat": {"stat": "Sum"}}]}, "metricDataQueries.0.metricStat.metric"),
        ({"metricDataQueries": [ONE], "interval": "30d"}, "interval"),
        ({"metricDataQueries": [ONE], "region": "http://elsewhere"}, "region"),
        ({"metricDataQueries": [ONE], "endpoint": "x"}, "endpoint"),
    ],
)
def test_a_query_that_cannot_be_sent_is_refused_at_its_place(wrong: Mapping[str, Any], place: str) -> None:
    assert [".".join(map(str, one.path)) for one in CloudWatch.check(wrong)] == [place]


def test_argos_own_example_is_fine() -> None:
    metric = {"namespace": "app", "metricName": "errors", "dimensions": [{"name": "pod", "value": "{{args.hash}}"}]}
    stat = {"metric": metric, "period": "300", "stat": "Sum", "unit": "Count"}
    queries = [
        {"id": "rate", "expression": "errors / requests"},
        {"id": "errors", "metricStat": stat, "returnData": False},
        {"id": "requests", "metricStat": stat, "returnData": False, "period": 300},
    ]
    assert CloudWatch.check({"interval": "30m", "metricDataQueries": queries}) == []


@pytest.mark.parametrize("rule", metrics.RULES)
async def test_it_keeps_the_rules_for_metric_providers(rule: str, aws: str) -> None:
    await put_many({f"m-{rule}-{number}": number for number in range(metrics.AT_ONCE)})
    await metrics.check(
        rule,
        metrics.Case(
            make=lambda: CloudWatch(Context("shop")),
            query=query(f"m-{rule}-0"),
            numbered=lambda number: query(f"m-{rule}-{number}"),
            tells=lambda number, answer: answer[0]["Values"] == [number],
            failing={"no such region": query("s3cret", region="S3CRET"), "wrong": {"region": "s3cret"}},
            secret="s3cret",
            empty=query("nobody"),
            limit_s=20,
        ),
    )
