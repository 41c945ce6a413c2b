"""InfluxDB, asked in InfluxQL: every version 1, and versions 2 and 3 where a database is mapped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from yarl import URL

from bluegreen.errors import BackendError, PermanentBackendError, Problem
from bluegreen.metrics.context import Context
from bluegreen.metrics.fields import Fields, problems_of, usable
from bluegreen.metrics.http import Access, Http, Reply, Request, basic_of
from bluegreen.ports import NoData, Reading
from bluegreen.spec import JSON

TIMEOUT_S: Final = 30.0


@frozen
class _Query:
    address: URL
    params: Mapping[str, str]
    timeout_s: float
    access: Access


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
        asked = usable("influxdb", query, _read)
        # GET, although the query is then part of the URL: a user who may only read can ask so.
        request = Request(asked.address / "query", params=asked.params, timeout_s=asked.timeout_s)
        reply = await self._http.ask(request, asked.access)
        if not reply.ok:
            raise reply.refused()
        return _reading(reply)

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """What is wrong with a query, as far as it can be seen without asking."""
        return problems_of(query, _read)


def _read(fields: Fields) -> _Query:
    if "profile" in fields:
        remedy = "write address, database and query, the query in InfluxQL"
        fields.unsupported("profile", "a profile means Flux, which is not supported", remedy)
        return _Query(URL(), {}, TIMEOUT_S, Access())
    params = {"q": fields.words("query", wanted=True), "db": fields.words("database", wanted=True), "epoch": "ms"}
    if policy := fields.words("retentionPolicy"):
        params["rp"] = policy
    access, username, password = Access.of(fields), fields.words("username"), fields.words("password")
    if username:
        access = access.also("Authorization", basic_of(username.strip(), password.strip()))
    asked = _Query(fields.address("address"), params, fields.limit_s("timeout", TIMEOUT_S), access)
    fields.no_others()
    return asked


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
                if not isinstance(one["error"], str):
                    raise TypeError("an error is a text")
                raise BackendError(f"{reply.place} could not answer: {reply.words(one['error'])}")
        cells = [cell for one in statements for cell in _cells(one, reply.place)]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BackendError(
            f"{reply.place} answered something that InfluxDB does not say"
        ) from None  # its text may hold the secret
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
