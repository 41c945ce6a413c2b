"""Sending requests when they are due, and counting what becomes of each."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from bluegreen.metrics.load.answers import Malformed
from bluegreen.metrics.load.connections import Aim, Connection, aim
from bluegreen.metrics.load.histogram import Histogram
from bluegreen.metrics.load.plan import Plan
from bluegreen.spec import JSON

_EARLY_S = 0.001
"""A timer may be a millisecond late; the rest of the wait is spent asking for the time."""


class Shooting:
    """One load, while it runs.

    Latency counts from the moment a request was due, not from when it was sent: a server that stalls cannot hide it by
    keeping us waiting (coordinated omission). The timeout counts from when it was sent; a request that no connection
    was free for in as long a time is not sent any more, and counts as an error.
    """

    def __init__(self, plan: Plan, bases: Sequence[str]) -> None:
        self._plan = plan
        tls = ssl.create_default_context() if any(base.startswith("https:") for base in bases) else None
        self._aims = [[aim(shot, base, tls) for base in bases] for shot in plan.shots]
        self._due: asyncio.Queue[tuple[float, Aim] | None] = asyncio.Queue()
        self._idle: list[Connection] = []
        self._busy = 0
        self._latencies = Histogram()
        self._statuses: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._succeeded = 0
        self._began = self._ended = 0.0

    async def run(self) -> JSON:
        """Sends everything, waits for the last answer or its timeout, and gives the result."""
        loop, tasks = asyncio.get_running_loop(), min(self._plan.connections, self._plan.requests)
        try:
            async with asyncio.TaskGroup() as group:
                self._began = self._ended = loop.time()
                for _ in range(tasks):
                    group.create_task(self._send_what_is_due(loop))
                await self._pace(loop)
                for _ in range(tasks):
                    self._due.put_nowait(None)
        finally:
            for connection in self._idle:
                connection.close()
        return self._result()

    async def _pace(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hands each request over at the moment it is due."""
        plan, choice = self._plan, random.Random(self._plan.seed)
        weights = list(accumulate(shot.weight for shot in plan.shots))
        for number in range(plan.requests):
            aims = choice.choices(self._aims, cum_weights=weights)[0]
            due = self._began + number / plan.rate
            if (early_s := due - loop.time() - _EARLY_S) > 0:
                await asyncio.sleep(early_s)
            while loop.time() < due:  # noqa: ASYNC110 (the clock has no event)
                await asyncio.sleep(0)
            self._due.put_nowait((due, aims[number % len(aims)]))

    async def _send_what_is_due(self, loop: asyncio.AbstractEventLoop) -> None:
        """One at a time; as many tasks do this as there may be connections."""
        while (request := await self._due.get()) is not None:
            due, one = request
            error = "unsent"
            if loop.time() - due <= self._plan.timeout_s:
                error = await self._sent(one)
            self._ended = loop.time()
            if error:
                self._errors[error] += 1
            if error in _WAITED:
                self._latencies.add((self._ended - due) * 1e6)

    async def _sent(self, one: Aim) -> str:
        """Sends it and reads the answer to its end. Empty, or what kind of error it ended in."""
        self._busy += 1
        try:
            async with asyncio.timeout(self._plan.timeout_s):
                connection = self._kept(one) or await Connection.to(one)
                status = await connection.ask(one)
        except (OSError, Malformed) as error:
            return _kind(error)
        finally:
            self._busy -= 1
        if connection.usable:
            self._idle.append(connection)
        self._statuses[str(status)] += 1
        self._succeeded += one.shot.succeeded(status)
        return ""

    def _kept(self, one: Aim) -> Connection | None:
        """The connection to this place that was used last, so that no more are opened than are needed; else room for
        another one."""
        for index in range(len(self._idle) - 1, -1, -1):
            if self._idle[index].place == (one.host, one.port):
                found = self._idle.pop(index)
                if found.usable:
                    return found
        if len(self._idle) + self._busy > self._plan.connections:
            self._idle.pop(0).close()
        return None

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


def _kind(error: OSError | Malformed) -> str:
    """A word for what went wrong."""
    match error:
        case TimeoutError():
            return "timeout"
        case ConnectionRefusedError():
            return "refused"
        case ConnectionError():
            return "reset"
        case socket.gaierror():
            return "dns"
        case ssl.SSLError():
            return "tls"
        case OSError():
            return "unreachable"
        case Malformed():
            return "invalid"
