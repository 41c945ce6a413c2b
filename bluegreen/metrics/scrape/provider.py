"""The provider `scrape`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar
from attrs import frozen
from yarl import URL

from bluegreen.errors import BackendError, Problem
from bluegreen.metrics.context import Context
from bluegreen.metrics.fields import Fields, problems_of, usable
from bluegreen.metrics.scrape.selectors import Selector, selector
from bluegreen.metrics.scrape.series import Gauge, Pair, Quantile, Rate, Sample, Series, samples
from bluegreen.ports import NoData
from bluegreen.spec import JSON, RevisionId

BODY_MAX: Final = 16 * 1024 * 1024
"""One replica's /metrics may have so many bytes."""
SERIES_MAX: Final = 100
INTERVAL_MAX_S: Final = 600
TIMEOUT_MAX_S: Final = 60


@frozen
class _Query:
    revision: RevisionId
    path: str
    port: int
    interval_s: float
    timeout_s: float
    series: Mapping[str, Series]


@frozen
class _Read:
    """One answer: when it came (seconds of the loop), and what it said."""

    at: float
    samples: Sequence[Sample]


class Scrape:
    """Reads /metrics of all replicas of a revision twice, and makes one number of each series.

    The result is a map with the value of each series by its name; null for one that nothing matches, or that observed
    nothing. When that holds for all of them, there is no data. A counter that fell began anew. A replica that goes in
    between is left out; one that is there and cannot be read is an error: what it hides may be what is looked for.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._session: ClientSession | None = None

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData:
        """Takes `interval`, and as long as the replicas take to answer twice.

        Raises `PermanentBackendError` for a query that cannot be used, `BackendError` when a replica cannot be read, or
        there is none.
        """
        asked = usable("scrape", query, _read)
        pairs = await self._pairs(asked)
        found = _values(asked, pairs)
        return NoData() if all(value is None for value in found.values()) else found

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """What is wrong with a query."""
        return problems_of(query, _read)

    @staticmethod
    def takes_s(query: Mapping[str, JSON]) -> float:
        """How many seconds one measurement takes at most; what is left to an argument counts with its limit."""
        fields = Fields(query, filled=False)
        asked = _read(fields)
        interval_s = INTERVAL_MAX_S if fields.open("interval") else asked.interval_s
        return interval_s + 2 * (TIMEOUT_MAX_S if fields.open("timeout") else asked.timeout_s)

    async def _pairs(self, asked: _Query) -> list[Pair]:
        """Every replica that was there from the first reading to the second."""
        first = await self._all(asked, await self._context.addresses(asked.revision))
        await asyncio.sleep(asked.interval_s)
        here = await self._context.addresses(asked.revision)
        second = await self._all(asked, [address for address in first if address in here])
        if any(isinstance(one, BackendError) for one in second.values()):
            here = await self._context.addresses(asked.revision)
        pairs: list[Pair] = []
        for address, after in second.items():
            if address not in here:
                continue
            before = first[address]
            for read in (before, after):
                if isinstance(read, BackendError):
                    raise read
            if isinstance(before, _Read) and isinstance(after, _Read):
                pairs.append(Pair(before.samples, after.samples, max(after.at - before.at, 0.001)))
        if not pairs:
            raise BackendError("no replica of the revision was there for both readings of scrape")
        return pairs

    async def _all(self, asked: _Query, addresses: Sequence[str]) -> dict[str, _Read | BackendError]:
        answers = await asyncio.gather(*(self._one(asked, address) for address in addresses))
        return dict(zip(addresses, answers, strict=True))

    async def _one(self, asked: _Query, address: str) -> _Read | BackendError:
        if self._session is None:
            self._session = ClientSession(cookie_jar=DummyCookieJar(), headers={"User-Agent": "bluegreen-scrape"})
        url = URL(f"http://{address}{asked.path}")
        url = url.with_port(asked.port) if asked.port else url
        limit, accepted = ClientTimeout(total=asked.timeout_s), {"Accept": "text/plain;version=0.0.4"}
        where = f"the replica {address}"
        try:
            async with self._session.get(url, timeout=limit, headers=accepted, allow_redirects=False) as reply:
                if reply.status != 200:
                    return BackendError(f"{where} answered {reply.status} instead of its metrics")
                text = await _text(reply.content.iter_chunked(65536))
                at = asyncio.get_running_loop().time()
                return _Read(at, await asyncio.to_thread(samples, text))
        except TimeoutError:
            return BackendError(f"{where} did not show its metrics within {asked.timeout_s:g} s")
        except (ClientError, OSError) as error:
            return BackendError(f"{where} cannot be asked for its metrics: {type(error).__name__}")
        except ValueError:
            return BackendError(f"{where} answered something that is not Prometheus's text format")


def _values(asked: _Query, pairs: Sequence[Pair]) -> dict[str, float | None]:
    try:
        return {name: series.value(pairs) for name, series in asked.series.items()}
    except ValueError:
        raise BackendError("a replica shows a bucket whose bound (le) is no number") from None


async def _text(chunks: object) -> str:
    """The body; `ValueError` when it is too large, or no UTF-8."""
    body = bytearray()
    async for chunk in chunks:  # type: ignore[attr-defined]
        body += chunk
        if len(body) > BODY_MAX:
            raise ValueError
    return body.decode()


def _read(fields: Fields) -> _Query:
    path = fields.text("path", "/metrics")
    if not path.startswith("/") or path.startswith("//") or "\\" in path or "#" in path:
        fields.wrong("a path begins with one / and has neither \\ nor #", "write it like /metrics", "path")
    series = {name: _series(one) for name, one in fields.named("series", most=SERIES_MAX).items()}
    read = _Query(
        RevisionId(fields.text("revision", wanted=True)),
        path,
        fields.whole("port", 0, least=1, most=65535),
        fields.seconds("interval", 5, least=0.01, most=INTERVAL_MAX_S),
        fields.seconds("timeout", 5, most=TIMEOUT_MAX_S),
        {name: one for name, one in series.items() if one is not None},
    )
    fields.no_others()
    return read


def _series(fields: Fields) -> Series | None:
    kinds = [kind for kind in ("rate", "gauge", "quantile") if kind in fields]
    if len(kinds) != 1:
        remedy = "write {rate: METRIC}, {gauge: METRIC} or {quantile: 0.99, of: METRIC}"
        fields.wrong("one of rate, gauge and quantile is needed", remedy)
        return None
    if kinds == ["quantile"]:
        quantile = fields.number("quantile", 0.99, least=0, most=1)
        of = _selector(fields, "of")
        fields.no_others()
        return Quantile(quantile, _of_buckets(of)) if of else None
    of = _selector(fields, kinds[0])
    fields.no_others()
    return None if of is None else Rate(of) if kinds == ["rate"] else Gauge(of)


def _selector(fields: Fields, key: str) -> Selector | None:
    text = fields.text(key, wanted=True)
    if fields.open(key) or not text:
        return None
    try:
        return selector(text)
    except ValueError as error:
        fields.wrong(str(error), 'write it like http_requests_total{code="500"}', key)
        return None


def _of_buckets(of: Selector) -> Selector:
    return of if of.name.endswith("_bucket") else Selector(f"{of.name}_bucket", of.matchers)
