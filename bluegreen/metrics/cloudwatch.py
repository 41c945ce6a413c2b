"""Amazon CloudWatch, asked with GetMetricData, in the fields of Argo's AnalysisTemplate.

provider:
  cloudWatch:
    interval: 30m
    metricDataQueries:
    - {id: rate, expression: errors / requests}
    - id: errors
      metricStat:
        metric: {namespace: app, metricName: errors}
        period: 300
        stat: Sum
      returnData: false
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import frozen

from bluegreen.errors import BackendError, PermanentBackendError, Problem
from bluegreen.metrics.context import Context
from bluegreen.metrics.fields import Fields, problems_of, usable
from bluegreen.ports import NoData
from bluegreen.spec import JSON

QUERIES_MAX: Final = 100
PAGES_MAX: Final = 20
ANSWER_S: Final = 15
"""So long an answer is waited for; a connection, a third of that."""
_ID: Final = re.compile(r"[a-z][A-Za-z0-9_]{0,254}")
_PASSING: Final = ("Throttl", "Internal", "Unavailable", "Timeout", "RequestLimit", "LimitExceeded", "SlowDown")


@frozen
class _Query:
    interval_s: float
    region: str
    queries: tuple[Mapping[str, JSON], ...]


class CloudWatch:
    """Asks CloudWatch for one or several series since `interval` ago.

    The result is a list with a map for each query that returns data, in their order: `Id`, `Label`, `StatusCode`,
    `Values` and `Timestamps` (ISO 8601, UTC), the newest first. When none has a value there is no data. Credentials are
    found as every AWS program finds them; so is the region, unless the query names one.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._open = AsyncExitStack()
        self._clients: dict[str, Any] = {}
        self._opening = asyncio.Lock()

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData:
        """Raises `PermanentBackendError` for what AWS will always refuse, and without aiobotocore; else `BackendError`
        when it cannot be asked."""
        asked = usable("cloudWatch", query, _read)
        try:
            from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
        except ImportError:
            remedy = "pip install 'bluegreen[cloudwatch]'"
            raise PermanentBackendError("CloudWatch needs aiobotocore, which is not here", remedy=remedy) from None
        try:
            found = await _asked(await self._client(asked.region), asked)
        except ClientError as error:
            raise _refusal(error.response.get("Error", {}).get("Code", "")) from None
        except BotoCoreError as error:
            raise _failure(type(error).__name__) from None
        except (ValueError, TypeError) as error:
            raise BackendError(f"CloudWatch cannot be asked: {type(error).__name__}") from None
        return found if any(one["Values"] for one in found) else NoData(found)

    async def close(self) -> None:
        """Closes the connections."""
        self._clients.clear()
        await self._open.aclose()

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """What is wrong with a query. Expressions are for AWS to judge."""
        return problems_of(query, _read)

    async def _client(self, region: str) -> Any:
        from aiobotocore.config import AioConfig  # type: ignore[import-untyped]
        from aiobotocore.session import get_session  # type: ignore[import-untyped]

        async with self._opening:
            if region not in self._clients:
                # Trying again is the engine's affair.
                config = AioConfig(
                    connect_timeout=ANSWER_S / 3, read_timeout=ANSWER_S, retries={"total_max_attempts": 1}
                )
                made = get_session().create_client("cloudwatch", region_name=region or None, config=config)
                self._clients[region] = await self._open.enter_async_context(made)
            return self._clients[region]


async def _asked(client: Any, asked: _Query) -> list[dict[str, JSON]]:
    now, found, token = datetime.now(UTC), dict[str, dict[str, JSON]](), ""
    for _ in range(PAGES_MAX):
        answer = await client.get_metric_data(
            MetricDataQueries=asked.queries,
            StartTime=now - timedelta(seconds=asked.interval_s),
            EndTime=now,
            ScanBy="TimestampDescending",
            **({"NextToken": token} if token else {}),
        )
        for one in answer["MetricDataResults"]:
            _take_in(found, one)
        token = answer.get("NextToken", "")
        if not token:
            break
    return list(found.values())


def _take_in(found: dict[str, dict[str, JSON]], one: Mapping[str, Any]) -> None:
    """One result, or the next page of one."""
    status = one.get("StatusCode", "Complete")
    if status == "Forbidden":
        raise _refusal("Forbidden")
    if status == "InternalError":
        raise BackendError("CloudWatch could not compute one of the queries: InternalError")
    known = found.setdefault(
        one["Id"], {"Id": one["Id"], "Label": one.get("Label", ""), "Values": [], "Timestamps": []}
    )
    known["StatusCode"] = status
    known["Values"] += [float(value) for value in one.get("Values", [])]
    known["Timestamps"] += [at.astimezone(UTC).isoformat() for at in one.get("Timestamps", [])]


def _refusal(code: str) -> BackendError:
    """What AWS said no to. Its own words quote the query, which may hold a secret."""
    shown = code if re.fullmatch(r"[A-Za-z0-9.]{1,80}", code) else "an error without a code"
    if any(word in code for word in _PASSING):
        return BackendError(f"CloudWatch did not answer the query: {shown}")
    remedy = "check the query, the credentials and what they may do (cloudwatch:GetMetricData)"
    return PermanentBackendError(f"CloudWatch refused the query: {shown}", remedy=remedy)


def _failure(kind: str) -> BackendError:
    """What botocore could not do."""
    if "Credential" in kind or "Token" in kind or "Profile" in kind:
        remedy = "give this process credentials: AWS_ACCESS_KEY_ID and so on, a profile, or a role"
        return PermanentBackendError(f"there are no AWS credentials to ask CloudWatch with: {kind}", remedy=remedy)
    if "Region" in kind:
        remedy = "write region: in the query, or set AWS_REGION"
        return PermanentBackendError(f"CloudWatch needs a region: {kind}", remedy=remedy)
    if "Validation" in kind:
        return PermanentBackendError("this query cannot be sent to CloudWatch", remedy="correct the template")
    return BackendError(f"CloudWatch cannot be asked: {kind}")


def _read(fields: Fields) -> _Query:
    interval_s = fields.seconds("interval", 300, least=1, most=15 * 24 * 3600)
    region = fields.text("region")
    if region and not re.fullmatch(r"[a-z0-9-]{1,40}", region):
        fields.wrong("it is no name of a region", "write it like eu-central-1", "region")
    if "metricDataQueries" not in fields:
        fields.wrong("it is missing", "write at least one query", "metricDataQueries")
    queries = tuple(_data_query(one) for one in fields.each("metricDataQueries", most=QUERIES_MAX))
    fields.no_others()
    names = [one["Id"] for one in queries if one["Id"]]
    if len(set(names)) < len(names):
        fields.wrong("two of the queries have the same id", "name each of them differently", "metricDataQueries")
    return _Query(interval_s, region, queries)


def _data_query(fields: Fields) -> Mapping[str, JSON]:
    """One query as AWS wants it."""
    query: dict[str, JSON] = {"Id": fields.text("id", wanted=True)}
    if query["Id"] and not _ID.fullmatch(query["Id"]):
        fields.wrong("an id begins with a small letter, and has letters, digits and _ only", "", "id")
    for key in ("expression", "label"):
        if text := fields.text(key):
            query[key.capitalize()] = text
    returned = fields.flag("returnData")
    if "returnData" in fields:
        query["ReturnData"] = returned
    period = _period(fields)
    if "period" in fields:
        query["Period"] = period
    stat = fields.inside("metricStat")
    if (stat is None) == ("expression" not in fields):
        fields.wrong("either an expression or a metricStat is needed")
    if stat is not None:
        query["MetricStat"] = _stat(stat)
    fields.no_others()
    return query


def _stat(fields: Fields) -> Mapping[str, JSON]:
    stat: dict[str, JSON] = {"Stat": fields.text("stat", wanted=True), "Period": _period(fields)}
    if unit := fields.text("unit"):
        stat["Unit"] = unit
    metric = fields.inside("metric")
    if metric is None:
        fields.wrong("it is missing", "write namespace, metricName and dimensions", "metric")
    else:
        name = metric.text("metricName", wanted=True)
        named: dict[str, JSON] = {"Namespace": metric.text("namespace"), "MetricName": name}
        pairs: list[dict[str, str]] = []
        for one in metric.each("dimensions", most=30):
            pairs.append({"Name": one.text("name", wanted=True), "Value": one.text("value", wanted=True)})
            one.no_others()
        stat["Metric"] = {key: value for key, value in (named | {"Dimensions": pairs}).items() if value}
        metric.no_others()
    fields.no_others()
    return stat


def _period(fields: Fields) -> int:
    """Seconds: a number, or a text such as 300 or 5m."""
    return max(round(fields.seconds("period", 60, least=1, most=24 * 3600)), 1)
