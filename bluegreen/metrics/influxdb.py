"""InfluxDB, asked in InfluxQL: every version 1, and versions 2 and 3 where a database is mapped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    basic_of,
    problems_of,
    refuse,
    refused,
    seconds,
    seconds_of,
    text,
)
from bluegreen.ports import NoData, Reading
from bluegreen.spec import JSON

TIMEOUT_S: Final = 30.0
_PROFILE: Final = refuse(
    "a profile means Flux, which is not supported", "write address, database and query, the query in InfluxQL"
)


class InfluxDB:
    """`provider.influxdb`: the values of all columns but the time, row by row, those without one left out.

    Its fields are `address`, `database`, `query` (one InfluxQL statement), `username`, `password`, `retentionPolicy`.
    """

    def __init__(self, context: Context) -> None:
        self._http = Http(context.hosts)

    async def close(self) -> None:
        """Ends its connections."""
        await self._http.close()

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """One query. No rows, or none with a value in it: `NoData([])`, and never 0.

        Raises `BackendError` and `PermanentBackendError`.
        """
        refused("influxdb", self.check(query))
        access = Access.of(query)
        if username := query.get("username"):
            access = access.also("Authorization", basic_of(username.strip(), (query.get("password") or "").strip()))
        params = {"q": query["query"], "db": query["database"], "epoch": "ms"}
        if query.get("retentionPolicy"):
            params["rp"] = query["retentionPolicy"]
        # GET, although the query is then part of the URL: a user who may only read can ask so.
        request = Request(
            URL(query["address"].strip()) / "query",
            params=params,
            timeout_s=seconds_of(query.get("timeout"), TIMEOUT_S),
        )
        reply = await self._http.ask(request, access)
        if not reply.ok:
            raise reply.refused()
        return _reading(reply)

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """What is wrong with a query, as far as it can be seen without asking."""
        known: dict[str, Check] = {
            "profile": _PROFILE,
            "address": address,
            "database": text,
            "query": text,
            "username": text,
            "password": text,
            "retentionPolicy": text,
            "timeout": seconds,
            **ACCESS,
        }
        return problems_of(query, known, () if query.get("profile") else ("address", "database", "query"))


def _reading(reply: Reply) -> NoData | Reading:
    answer = reply.json()
    try:
        statements = answer["results"]
        if not isinstance(statements, list) or not statements:
            raise TypeError("a list with one statement's rows is due")
        if len(statements) > 1:
            raise PermanentBackendError(
                f"the query has {len(statements)} statements", remedy="write one statement for each metric"
            )
        for one in statements:
            if "error" in one:
                raise BackendError(f"{reply.place} could not answer: {reply.words(str(one['error']))}")
        cells = [cell for one in statements for cell in _cells(one, reply.place)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BackendError(f"{reply.place} answered something that InfluxDB does not say") from error
    values, labels = [value for value, _ in cells], [label for _, label in cells]
    return Reading(values, labels) if values else NoData([])


def _cells(statement: Mapping[str, Any], place: str) -> Iterator[tuple[JSON, JSON]]:
    """Each value of a statement's rows, and what it is called: the measurement, its tags, the column."""
    for series in statement.get("series", ()):
        if series.get("partial") or statement.get("partial"):
            raise PermanentBackendError(f"{place} gave the first rows only", remedy="aggregate, or limit the query")
        names = {"name": series.get("name", ""), **series.get("tags", {})}
        for row in series.get("values", ()):
            for column, value in zip(series["columns"], row, strict=True):
                if column != "time" and value is not None:
                    yield value, {**names, "column": column}
