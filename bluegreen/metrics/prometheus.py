"""Prometheus, and what speaks as it does: VictoriaMetrics, Thanos, Mimir. Instant and range queries."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from yarl import URL

from bluegreen.errors import BackendError, PermanentBackendError, Problem
from bluegreen.metrics.context import Context
from bluegreen.metrics.http import (
    ACCESS,
    Access,
    Check,
    Http,
    Reply,
    Request,
    address,
    below,
    problems_of,
    refused,
    seconds,
    seconds_of,
    text,
    wrong,
)
from bluegreen.ports import NoData, Reading
from bluegreen.spec import JSON

log = logging.getLogger(__name__)
TIMEOUT_S: Final = 30.0
"""Argo's default."""
_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[smhdwy])")
_MOMENT: Final = re.compile(
    r"""now\s*(?:\(\s*\))? (?: \s*(?P<sign>[+-])\s* (?: duration\(\s*(?P<q>["'])(?P<named>[^"']+)(?P=q)\s*\)
    | (?P<plain>[0-9][0-9a-z.]*[a-z])) )?""",
    re.VERBOSE,
)
_WHOLE: Final = {"partial_response": "false", "deny_partial_response": "1"}
"""Thanos and VictoriaMetrics leave out what a store that is down would have said, unless they are told not to."""


class Prometheus:
    """`provider.prometheus`, with Argo's fields.

    A vector becomes a list of numbers, a range's matrix one flat list, a scalar a number; labels go beside them.
    """

    def __init__(self, context: Context) -> None:
        self._http = Http(context.hosts)

    async def close(self) -> None:
        """Ends its connections."""
        await self._http.close()

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """One query. No series: `NoData([])`.

        Raises `BackendError`, also where only some of the stores answered, and `PermanentBackendError`.
        """
        refused("prometheus", self.check(query))
        access = Access.of(query)
        form = {"query": query["query"], **_WHOLE}
        path = "query"
        if query.get("rangeQuery"):
            form |= _range(query["rangeQuery"], time.time())
            path = "query_range"
        request = Request(
            URL(query["address"].strip()) / "api/v1" / path,
            "POST",
            form=form,
            timeout_s=seconds_of(query.get("timeout"), TIMEOUT_S),
        )
        reply = await self._http.ask(request, access)
        if reply.status in (405, 501):  # a gateway that lets GET pass only
            request = Request(request.url, params=form, timeout_s=request.timeout_s)
            reply = await self._http.ask(request, access)
        if not reply.ok:
            raise reply.refused()
        return _reading(reply)

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """What is wrong with a query, as far as it can be seen without asking."""
        known: dict[str, Check] = {
            "address": address,
            "query": text,
            "timeout": seconds,
            "rangeQuery": below({"start": _moment, "end": _moment, "step": _step}, ("start", "end", "step")),
            **ACCESS,
        }
        return problems_of(query, known, ("address", "query"))


def _reading(reply: Reply) -> NoData | Reading:
    """What a good answer says. Raises for one that is not whole, or of another kind."""
    answer = reply.json()
    if not isinstance(answer, dict) or answer.get("status") != "success":
        raise reply.refused()
    if answer.get("isPartial"):
        raise BackendError(f"{reply.place} gave a part of the answer only: some of its stores are down")
    if warnings := answer.get("warnings"):
        log.warning("%s gave an answer with %d warnings: ask it there to read them", reply.place, len(warnings))
    try:
        data = answer["data"]
        return _of_kind(data["resultType"], data["result"], reply.place)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise BackendError(f"{reply.place} answered something that Prometheus does not say") from error


def _of_kind(kind: str, result: Any, place: str) -> NoData | Reading:
    if kind == "scalar":
        return Reading(float(result[1]))
    if kind not in ("vector", "matrix"):
        raise PermanentBackendError(f"the query gives {place}'s type {kind}", remedy="ask for numbers")
    if not isinstance(result, list):
        raise TypeError("a list of series is due")
    values, labels = list[float](), list[JSON]()
    for series in result:
        if "histogram" in series or "histograms" in series:
            raise PermanentBackendError(
                "the query gives native histograms", remedy="ask for a number: histogram_quantile(0.99, ...)"
            )
        for _, value in [series["value"]] if kind == "vector" else series["values"]:
            values.append(float(value))
            labels.append(dict(series["metric"]))
    return Reading([*values], labels) if values else NoData([])


def _range(fields: Mapping[str, JSON], now: float) -> dict[str, str]:
    start, end = moment(fields["start"], now), moment(fields["end"], now)
    if start > end:
        raise PermanentBackendError("the range of the query ends before it starts", remedy="exchange start and end")
    return {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{duration(fields['step']):.3f}"}


def moment(said: JSON, now: float) -> float:
    """Unix seconds for RFC 3339, unix seconds, `now`, `now()`, `now-5m` or `now() - duration("1h")`.

    Raises `ValueError` for anything else.
    """
    if isinstance(said, int | float) and not isinstance(said, bool):
        return float(said)
    written = str(said).strip()
    if found := _MOMENT.fullmatch(written):
        length = found["named"] or found["plain"]
        return now + (duration(length) if found["sign"] == "+" else -duration(length)) if length else now
    try:
        return float(written)
    except ValueError:
        when = datetime.fromisoformat(written)
        if when.tzinfo is None:
            raise ValueError("a time without its zone") from None
        return when.timestamp()


def duration(said: JSON) -> float:
    """Seconds for `90`, `30s`, `1h30m`, `500ms`, `2d`. Raises `ValueError` for anything else, and for nothing."""
    if isinstance(said, int | float) and not isinstance(said, bool):
        found = float(said)
    else:
        written = str(said).strip()
        parts = _DURATION.findall(written)
        if parts and "".join(number + unit for number, unit in parts) == written:
            found = sum(float(number) * _UNITS[unit] for number, unit in parts)
        else:
            found = float(written)
    if not 0 < found < 1e11:
        raise ValueError("a duration is above 0")
    return found


def _read_by(read: Callable[[JSON], object], message: str, remedy: str) -> Check:
    def check(value: JSON) -> list[Problem]:
        if isinstance(value, str) and "{{" in value:
            return []
        try:
            read(value)
        except (ValueError, OverflowError):
            return wrong(message, remedy)
        return []

    return check


_moment = _read_by(
    lambda value: moment(value, 0.0), "that is no point in time", 'write now() - duration("1h"), or an RFC 3339 time'
)
_step = _read_by(duration, "that is no duration", "write 1m, for instance")
