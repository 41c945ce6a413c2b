"""Prometheus, and what speaks as it does: VictoriaMetrics, Thanos, Mimir. Instant and range queries."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen
from yarl import URL

from bluegreen.errors import BackendError, PermanentBackendError, Problem
from bluegreen.metrics.context import Context
from bluegreen.metrics.fields import Fields, problems_of, usable
from bluegreen.metrics.http import Access, Http, Reply, Request
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
_WRITTEN_MAX: Final = 64
"""So many characters has a time: what is longer would only keep the patterns busy."""
_WHOLE: Final = {"partial_response": "false", "deny_partial_response": "1"}
"""Thanos and VictoriaMetrics leave out what a store that is down would have said, unless they are told not to."""


@frozen
class _Range:
    """As it is written: `now` is known when it is sent."""

    start: JSON
    end: JSON
    step: JSON


@frozen
class _Query:
    address: URL
    query: str
    range: _Range | None
    timeout_s: float
    access: Access


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
        asked = usable("prometheus", query, _read)
        form = {"query": asked.query, **_WHOLE}
        path = "query"
        if asked.range is not None:
            form |= _sent(asked.range, time.time())
            path = "query_range"
        request = Request(asked.address / "api/v1" / path, "POST", form=form, timeout_s=asked.timeout_s)
        reply = await self._http.ask(request, asked.access)
        if reply.status in (405, 501):  # a gateway that lets GET pass only
            request = Request(request.url, params=form, timeout_s=request.timeout_s)
            reply = await self._http.ask(request, asked.access)
        if not reply.ok:
            raise reply.refused()
        return _reading(reply)

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """What is wrong with a query, as far as it can be seen without asking."""
        return problems_of(query, _read)


def _read(fields: Fields) -> _Query:
    inside = fields.inside("rangeQuery")
    asked = _Query(
        fields.address("address"),
        fields.words("query", wanted=True),
        None if inside is None else _range(inside),
        fields.limit_s("timeout", TIMEOUT_S),
        Access.of(fields),
    )
    fields.no_others()
    return asked


def _range(fields: Fields) -> _Range:
    for key in ("start", "end"):
        remedy = 'write now() - duration("1h"), or an RFC 3339 time'
        _understood(fields, key, lambda said: moment(said, 0.0), "that is no point in time", remedy)
    _understood(fields, "step", duration, "that is no duration", "write 1m, for instance")
    fields.no_others()
    return _Range(fields.json("start"), fields.json("end"), fields.json("step"))


def _understood(fields: Fields, key: str, read: Callable[[JSON], object], message: str, remedy: str) -> None:
    said = fields.json(key, wanted=True)
    if said is not None and not fields.open(key):
        try:
            read(said)
        except (ValueError, OverflowError):
            fields.wrong(message, remedy, key)


def _reading(reply: Reply) -> NoData | Reading:
    """What a good answer says. Raises for one that is not whole, or of another kind."""
    answer = reply.json()
    if not isinstance(answer, dict) or answer.get("status") != "success":
        raise reply.refused()
    if answer.get("isPartial"):
        raise BackendError(f"{reply.place} gave a part of the answer only: some of its stores are down")
    if warnings := answer.get("warnings"):
        count = len(warnings) if isinstance(warnings, list) else 1
        log.warning("%s gave an answer with %d warnings: ask it there to read them", reply.place, count)
    try:
        data = answer["data"]
        return _of_kind(data["resultType"], data["result"], reply)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        raise BackendError(
            f"{reply.place} answered something that Prometheus does not say"
        ) from None  # its text may hold the secret


def _of_kind(kind: Any, result: Any, reply: Reply) -> NoData | Reading:
    if not isinstance(kind, str):
        raise TypeError("a word is due")
    if kind == "scalar":
        return Reading(float(result[1]))
    if kind not in ("vector", "matrix"):
        said = reply.words(kind)
        raise PermanentBackendError(f"the query gives {reply.place}'s type {said}", remedy="ask for numbers")
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


def _sent(asked: _Range, now: float) -> dict[str, str]:
    start, end = moment(asked.start, now), moment(asked.end, now)
    if start > end:
        raise PermanentBackendError("the range of the query ends before it starts", remedy="exchange start and end")
    return {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{duration(asked.step):.3f}"}


def moment(said: JSON, now: float) -> float:
    """Unix seconds for RFC 3339, unix seconds, `now`, `now()`, `now-5m` or `now() - duration("1h")`.

    Raises `ValueError` for anything else.
    """
    if isinstance(said, int | float) and not isinstance(said, bool):
        return float(said)
    written = _written(said)
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


def _written(said: JSON) -> str:
    if not isinstance(said, str) or len(said) > _WRITTEN_MAX:
        raise ValueError("that is no text that a time has")
    return said.strip()


def duration(said: JSON) -> float:
    """Seconds for `90`, `30s`, `1h30m`, `500ms`, `2d`. Raises `ValueError` for anything else, and for nothing."""
    if isinstance(said, int | float) and not isinstance(said, bool):
        found = float(said)
    else:
        written = _written(said)
        parts = _DURATION.findall(written)
        if parts and "".join(number + unit for number, unit in parts) == written:
            found = sum(float(number) * _UNITS[unit] for number, unit in parts)
        else:
            found = float(written)
    if not 0 < found < 1e11:
        raise ValueError("a duration is above 0")
    return found
