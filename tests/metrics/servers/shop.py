"""A small service with metrics whose values are known: what the real servers scrape."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web

METRICS = """\
# TYPE shop_success gauge
shop_success{path="/"} 0.99
shop_success{path="/buy"} 0.97
# TYPE shop_one gauge
shop_one{revision="v1"} 1
# TYPE shop_nan gauge
shop_nan NaN
# TYPE shop_infinite gauge
shop_infinite +Inf
# TYPE shop_zero gauge
shop_zero 0
"""


@asynccontextmanager
async def shop() -> AsyncGenerator[str]:
    """`host:port` of a service that shows these metrics at /metrics."""

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(text=METRICS)

    async with serving(web.get("/metrics", metrics)) as address:
        yield address


@asynccontextmanager
async def serving(*routes: web.AbstractRouteDef) -> AsyncGenerator[str]:
    """`host:port` of a service with these routes, on a free port of loopback."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()
