"""Sending requests when they are due, and counting what becomes of each."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientHandlerType,
    ClientOSError,
    ClientPayloadError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
    DummyCookieJar,
    ServerDisconnectedError,
    TCPConnector,
)
from yarl import URL

from bluegreen.metrics.load.histogram import Histogram
from bluegreen.metrics.load.plan import Plan, Shot
from bluegreen.spec import JSON

_EARLY_S = 0.0015
"""A timer may be a millisecond late; the rest of the wait is spent asking for the time."""


class Broken(ClientError):
    """The connection broke off. aiohttp would send a harmless request once more; here the first one counts."""


async def _only_once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    try:
        return await handler(request)
    except ClientConnectorError:
        raise
    except (ServerDisconnectedError, ClientOSError) as error:
        raise Broken from error


class Shooting:
    """One load, while it runs.

    Latency counts from the moment a request was due, not from when it was sent: a server that stalls cannot hide it by
    keeping us waiting (coordinated omission). The timeout counts from when it was sent; a request that no connection
    was free for in as long a time is not sent any more, and counts as an error.
    """

    def __init__(self, plan: Plan, aims: Sequence[str]) -> None:
        self._plan = plan
        self._aims = [(shot, [URL(f"{aim.rstrip('/')}{shot.path}") for aim in aims]) for shot in plan.shots]
        self._due: asyncio.Queue[tuple[float, Shot, URL] | None] = asyncio.Queue()
        self._latencies = Histogram()
        self._statuses: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._succeeded = 0
        self._began = self._ended = 0.0

    async def run(self) -> JSON:
        """Sends everything, waits for the last answer or its timeout, and gives the result."""
        loop, plan = asyncio.get_running_loop(), self._plan
        session = ClientSession(
            connector=TCPConnector(limit=0, keepalive_timeout=60),  # as many connections as there are tasks
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(total=None),
            middlewares=(_only_once,),
            headers={"User-Agent": "bluegreen-load"},
        )
        async with session, asyncio.TaskGroup() as group:
            self._began = self._ended = loop.time()
            tasks = min(plan.connections, plan.requests)
            for _ in range(tasks):
                group.create_task(self._connection(session, loop))
            await self._pace(loop)
            for _ in range(tasks):
                self._due.put_nowait(None)
        return self._result()

    async def _pace(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hands each request over at the moment it is due."""
        plan, choice = self._plan, random.Random(self._plan.seed)
        weights = list(accumulate(shot.weight for shot in plan.shots))
        for number in range(plan.requests):
            shot, urls = choice.choices(self._aims, cum_weights=weights)[0]
            due = self._began + number / plan.rate
            if (early_s := due - loop.time() - _EARLY_S) > 0:
                await asyncio.sleep(early_s)
            while loop.time() < due:  # noqa: ASYNC110 (the clock has no event)
                await asyncio.sleep(0)
            self._due.put_nowait((due, shot, urls[number % len(urls)]))

    async def _connection(self, session: ClientSession, loop: asyncio.AbstractEventLoop) -> None:
        while (request := await self._due.get()) is not None:
            due, shot, url = request
            waited_too_long = loop.time() - due > self._plan.timeout_s
            error = "unsent" if waited_too_long else await self._sent(session, shot, url)
            self._ended = loop.time()
            if error:
                self._errors[error] += 1
            if error in _WAITED:
                self._latencies.add((self._ended - due) * 1e6)

    async def _sent(self, session: ClientSession, shot: Shot, url: URL) -> str:
        """Sends it and reads the answer to its end. Empty, or what kind of error it ended in."""
        try:
            async with (
                asyncio.timeout(self._plan.timeout_s),
                session.request(shot.method, url, headers=shot.headers, data=shot.body, allow_redirects=False) as reply,
            ):
                while await reply.content.readany():
                    pass  # an answer counts once all of it is there; nobody needs it
        except Exception as error:
            return _kind(error)
        self._statuses[str(reply.status)] += 1
        self._succeeded += shot.succeeded(reply.status)
        return ""

    def _result(self) -> JSON:
        count, latencies = self._plan.requests, self._latencies
        took_s = max(self._ended - self._began, self._plan.duration_s)
        return {
            "count": count,
            "rps": sum(self._statuses.values()) / took_s,
            "success": self._succeeded / count,
            "statuses": dict(sorted(self._statuses.items())),
            "p50": latencies.quantile_ms(0.5),
            "p90": latencies.quantile_ms(0.9),
            "p99": latencies.quantile_ms(0.99),
            "p999": latencies.quantile_ms(0.999),
            "max": latencies.max_ms,
            "errors": dict(sorted(self._errors.items())),
        }


_WAITED = ("", "timeout", "unsent")
"""What has a latency: an answer, and the lack of one for the whole timeout. A refusal is quick, and says nothing."""


def _kind(error: Exception) -> str:
    """A word for what went wrong."""
    match error:
        case TimeoutError():
            return "timeout"
        case ClientConnectorDNSError():
            return "dns"
        case ClientSSLError():
            return "tls"
        case ClientConnectorError(os_error=ConnectionRefusedError()):
            return "refused"
        case ClientConnectorError():
            return "unreachable"
        case Broken() | ClientPayloadError() | OSError():
            return "reset"
        case _:
            return "invalid"
