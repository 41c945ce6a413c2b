"""Steady load on keep-alive connections, and what became of each request."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from attrs import Factory, define, frozen


@frozen
class Answer:
    """One request: when it was sent (monotonic seconds), how long it took, its status, body, and error if it failed."""

    at: float
    took_s: float
    status: int = 0
    body: str = ""
    error: str = ""

    @property
    def ok(self) -> bool:
        """It was answered, and the answer was no error."""
        return not self.error and self.status == 200


@define
class Load:
    """The answers so far, oldest first."""

    answers: list[Answer] = Factory(list)

    @property
    def failed(self) -> list[Answer]:
        """Those that were not answered well."""
        return [one for one in self.answers if not one.ok]

    @property
    def bodies(self) -> Counter[str]:
        """How often each answer came."""
        return Counter(one.body for one in self.answers if one.ok)

    def first(self, body: str, *, since: float) -> float:
        """Seconds from `since` to the sending of the first request that was answered so. Raises when there is none."""
        return next(one.at - since for one in self.answers if one.at >= since and one.body == body)


@asynccontextmanager
async def load(url: str, *, per_s: float, connections: int = 8, timeout_s: float = 10.0) -> AsyncGenerator[Load]:
    """POSTs to `url` so often, each connection kept alive, until the block ends and what is in hand is answered.

    A POST is never sent twice, neither by the client nor by a proxy: whatever goes wrong once is a failure.
    """
    result, stopping = Load(), asyncio.Event()
    session = ClientSession(
        connector=TCPConnector(limit=connections, keepalive_timeout=60), timeout=ClientTimeout(total=timeout_s)
    )

    async def one_connection(number: int) -> None:
        every = connections / per_s
        due = time.monotonic() + every * number / connections
        while not stopping.is_set():
            await asyncio.sleep(max(due - time.monotonic(), 0))
            due += every
            result.answers.append(await _ask(session, url))

    async with session:
        tasks = [asyncio.create_task(one_connection(number)) for number in range(connections)]
        try:
            yield result
        finally:
            stopping.set()
            await asyncio.wait(tasks, timeout=timeout_s)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _ask(session: ClientSession, url: str) -> Answer:
    began = time.monotonic()
    try:
        async with session.post(url, data=b"x") as reply:
            body = await reply.text()
            return Answer(began, time.monotonic() - began, reply.status, body)
    except (ClientError, OSError, TimeoutError) as error:
        return Answer(began, time.monotonic() - began, error=f"{type(error).__name__}: {error}")
