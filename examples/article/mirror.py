"""Live traffic for the preview, the other way: an ingress that sends a copy of some requests to it.

    python -m examples.article.mirror 127.0.0.1:8000 127.0.0.1:8080 127.0.0.1:8081

Listens on the first address, answers with what the second (the active Service) says, and sends a copy of each GET to
the third (the preview), whose answer nobody sees and nobody waits for. Only GETs are copied: what changes something
must not happen twice.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

from aiohttp import ClientError, ClientSession, ClientTimeout, web

COPIES_MAX = 100
"""So many copies are under way at most: a slow preview must cost the customers nothing."""


class Mirror:
    """Passes requests on to the active Service, and copies of them to the preview."""

    def __init__(self, session: ClientSession, active: str, preview: str) -> None:
        self._session = session
        self._active = active
        self._preview = preview
        self._copies: set[asyncio.Task[None]] = set()

    async def handle(self, request: web.Request) -> web.Response:
        """The active Service's answer."""
        if request.method == "GET" and len(self._copies) < COPIES_MAX:
            copy = asyncio.create_task(self._copy(request.path_qs))
            self._copies.add(copy)
            copy.add_done_callback(self._copies.discard)
        body = await request.read()
        async with self._session.request(
            request.method, f"http://{self._active}{request.path_qs}", data=body, allow_redirects=False
        ) as answer:
            kept = {key: value for key, value in answer.headers.items() if key.lower().startswith(("content-t", "x-"))}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    async def _copy(self, path: str) -> None:
        with suppress(ClientError, TimeoutError):
            async with self._session.get(f"http://{self._preview}{path}", allow_redirects=False) as answer:
                await answer.read()


async def main(listen: str, active: str, preview: str) -> None:
    """Serves until it is told to stop."""
    host, _, port = listen.rpartition(":")
    async with ClientSession(timeout=ClientTimeout(total=10)) as session:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", Mirror(session, active, preview).handle)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, int(port)).start()
            print(f"{listen} answers as {active}, and copies to {preview}", flush=True)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
