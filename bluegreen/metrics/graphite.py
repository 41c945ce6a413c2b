"""Graphite: what its render API answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from attrs import frozen
from yarl import URL

from bluegreen.errors import BackendError, Problem
from bluegreen.metrics.context import Context
from bluegreen.metrics.fields import Fields, problems_of, usable
from bluegreen.metrics.http import Access, Http, Reply, Request
from bluegreen.ports import NoData, Reading
from bluegreen.spec import JSON

TIMEOUT_S: Final = 10.0
"""Argo's."""


@frozen
class _Query:
    address: URL
    query: str
    timeout_s: float
    access: Access


class Graphite:
    """`provider.graphite`, with Argo's fields: the values of the datapoints, those without one left out."""

    def __init__(self, context: Context) -> None:
        self._http = Http(context.hosts)

    async def close(self) -> None:
        """Ends its connections."""
        await self._http.close()

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """One query. No series, or none with a value in it: `NoData([])`.

        Raises `BackendError` and `PermanentBackendError`.
        """
        asked = usable("graphite", query, _read)
        url = (asked.address / "render").with_query([*_parameters(asked.query), ("format", "json")])
        reply = await self._http.ask(Request(url, timeout_s=asked.timeout_s), asked.access)
        if not reply.ok:
            raise reply.refused()
        return _reading(reply)

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """What is wrong with a query, as far as it can be seen without asking."""
        return problems_of(query, _read)


def _read(fields: Fields) -> _Query:
    asked = _Query(
        fields.address("address"),
        fields.words("query", wanted=True),
        fields.limit_s("timeout", TIMEOUT_S),
        Access.of(fields),
    )
    fields.no_others()
    return asked


def _parameters(query: str) -> list[tuple[str, str]]:
    """The parameters of the API: `target=...&from=-10min`, which may be spread over lines, or a target alone."""
    line = " ".join(query.split())
    if not line.startswith(("target=", "from=", "until=")):
        return [("target", line)]
    given = [(name.strip(), value.strip()) for name, value in parse_qsl(line, keep_blank_values=True)]
    return [(name, value) for name, value in given if name != "format"]


def _reading(reply: Reply) -> NoData | Reading:
    answer = reply.json()
    values, labels = list[JSON](), list[JSON]()
    try:
        if not isinstance(answer, list):
            raise TypeError("a list is due")
        for series in answer:
            name = {"target": str(series["target"])}
            for value, _ in series["datapoints"]:
                if value is not None:
                    values.append(_number(value))
                    labels.append(name)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise BackendError(
            f"{reply.place} answered something that Graphite does not say"
        ) from None  # its text may hold the secret
    return Reading(values, labels) if values else NoData([])


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("no number")
    return float(value)
