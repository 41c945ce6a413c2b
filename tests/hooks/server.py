"""A server as people run them behind webhooks: it makes happen once what comes again under one idempotency key."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from attrs import define, field

Answering = Callable[[web.Request, int], Awaitable[web.StreamResponse]]


@define
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@define
class Server:
    """Answers as `answering` says (the second argument counts the requests from 1), and remembers what it was asked."""

    answering: Answering
    port: int = 0
    asked: list[Asked] = field(factory=list[Asked])

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def happened(self) -> Counter[str]:
        """How often each idempotency key came with a POST; a key is one thing that happened."""
        return Counter(one.headers["Idempotency-Key"] for one in self.asked if one.method == "POST")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        body = await request.json() if request.method == "POST" else None
        self.asked.append(Asked(request.method, request.path_qs, dict(request.headers), body))
        return await self.answering(request, len(self.asked))


@asynccontextmanager
async def serving(answering: Answering) -> AsyncGenerator[Server]:
    """A server on a free port of this machine, for as long as the block lasts."""
    server = Server(answering)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


def always(status: int, **headers: str) -> Answering:
    """The same answer to everything."""

    async def answer(_request: web.Request, _number: int) -> web.StreamResponse:
        return web.Response(status=status, headers={name.replace("_", "-"): one for name, one in headers.items()})

    return answer


def in_turn(*answers: web.Response | float) -> Answering:
    """One answer after the other, the last one again and again. A number is silence for so many seconds."""

    async def answer(_request: web.Request, number: int) -> web.StreamResponse:
        one = answers[min(number, len(answers)) - 1]
        if isinstance(one, web.Response):
            return web.Response(status=one.status, headers=one.headers, body=one.body)
        await asyncio.sleep(one)
        return web.Response(status=204)

    return answer
