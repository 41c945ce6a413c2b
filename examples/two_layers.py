"""One promotion over two layers: a Service in memory, and a gateway of one's own behind HTTP.

`GatewayRouter` is all that it takes to teach the engine a new layer: three methods, and nothing to inherit. The gateway
here is a small server that keeps two slots and a version, as many gateways do. Run it: `python -m examples.two_layers`.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager

from aiohttp import ClientError, ClientSession, web
from attrs import frozen

from bluegreen import Backend, Engine, Healthy, Paused, RevisionId, RouterState, Slot, Target, load
from bluegreen.backends import memory
from bluegreen.errors import BackendError, Conflict
from bluegreen.snapshot import NOTHING


@asynccontextmanager
async def said_in_words() -> AsyncGenerator[None]:
    """Whatever goes wrong on the way is an error that may pass, for the engine and for people."""
    try:
        yield
    except (ClientError, TimeoutError) as error:
        raise BackendError(f"the gateway cannot be asked: {str(error) or type(error).__name__}") from error


@frozen
class GatewayRouter:
    """A traffic layer behind an HTTP API that refuses a write whose `If-Match` is stale."""

    name: str
    url: str
    http: ClientSession

    async def observe(self) -> RouterState:
        """What the gateway's slots show, and the version that a write must carry."""
        async with said_in_words(), self.http.get(self.url) as reply:
            reply.raise_for_status()
            slots = await reply.json()
            active, preview = slots.get(Slot.ACTIVE), slots.get(Slot.PREVIEW)
            return RouterState(active or NOTHING, reply.headers["ETag"], preview or NOTHING)

    async def prepare(self, targets: Collection[Target]) -> None:
        """Nothing: this gateway knows every revision by its name."""

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        """One conditional write."""
        headers = {"If-Match": if_version}
        async with said_in_words(), self.http.patch(self.url, json={slot: revision}, headers=headers) as reply:
            if reply.status == 412:
                raise Conflict(f"{self.url} changed since it was read")
            reply.raise_for_status()


@asynccontextmanager
async def gateway() -> AsyncGenerator[str]:
    """A gateway on a free port of this machine; yields the address of its one route."""
    slots: dict[str, str] = {}
    versions = itertools.count(1)
    version = f'"{next(versions)}"'

    async def read(_request: web.Request) -> web.Response:
        return web.json_response(slots, headers={"ETag": version})

    async def write(request: web.Request) -> web.Response:
        nonlocal version
        if request.headers.get("If-Match") != version:
            return web.Response(status=412)
        slots.update(await request.json())
        version = f'"{next(versions)}"'  # never the same twice, even when the value is
        return web.json_response(slots, headers={"ETag": version})

    app = web.Application()
    app.add_routes([web.get("/route", read), web.patch("/route", write)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/route"
    finally:
        await runner.cleanup()


async def main() -> None:
    """Releases twice; the second time a person promotes, and both layers move, one after the other."""
    rollout = load("examples/minimal.yaml")
    world = memory.World(rollout)
    async with gateway() as url, ClientSession() as http:
        edge = GatewayRouter("edge", url, http)
        service = memory.MemoryRouter(world, "service")
        backend = Backend(memory.MemoryWorkloads(world), (service, edge), memory.MemoryRecords(world))
        async with Engine(rollout, backend) as engine:
            await engine.wait_for(Healthy, timeout_s=60)
            print("first:", world.live()["service"], (await edge.observe()).active)
            revision = await engine.apply(rollout.with_image("shop:v2"))
            await engine.wait_for(Paused, timeout_s=60)
            await engine.promote(revision, by="ann")
            await engine.wait_for(Healthy, timeout_s=60)
            print("then: ", world.live()["service"], (await edge.observe()).active)


if __name__ == "__main__":
    asyncio.run(main())
