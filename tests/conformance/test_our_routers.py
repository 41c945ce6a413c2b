"""Other routers keep every rule: `Probed`, which wraps any, and the example of one of one's own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession, TCPConnector, web
from aiohttp.connector import Connection

from bluegreen.backends.memory import MemoryRouter
from bluegreen.backends.probed import Probed
from bluegreen.snapshot import Slot
from bluegreen.spec import RevisionId
from bluegreen.testing.conformance import router
from examples.two_layers import GatewayRouter, gateway
from tests.conformance.on_memory import LAYER, TARGETS, cut, world
from tests.metrics.weather import served

pytestmark = pytest.mark.real


def probed_case() -> router.Case:
    """`Probed` around a router in memory, before a server that answers as the layer leads."""

    @asynccontextmanager
    async def make() -> AsyncGenerator[router.Stage]:
        on = world()

        async def answer(_request: web.Request) -> web.Response:
            active = on.layers[LAYER].active
            return web.Response(headers={"X-Revision": active} if isinstance(active, str) else {})

        async def edit(slot: Slot, revision: RevisionId) -> None:
            on.point_elsewhere(LAYER, revision, slot=slot)

        async with served(answer) as url:
            adapters = [Probed(MemoryRouter(on, LAYER), url) for _ in range(2)]
            yield router.Stage(adapters[0], adapters[1], edit, cut=lambda: cut(on, f"layer {LAYER}"))

    return router.Case(make, TARGETS, unknown_version="no-such-version")


class Cable(TCPConnector):
    """The way to a gateway, which can be cut."""

    is_cut = False

    async def connect(self, *asked: Any, **more: Any) -> Connection:
        if self.is_cut:
            raise ClientConnectionError("the network is unreachable")
        return await super().connect(*asked, **more)


def gateway_case() -> router.Case:
    """The gateway of the example, behind its own small API."""

    @asynccontextmanager
    async def make() -> AsyncGenerator[router.Stage]:
        cable = Cable()

        @asynccontextmanager
        async def cut() -> AsyncGenerator[None]:
            cable.is_cut = True
            yield
            cable.is_cut = False

        async with gateway() as url, ClientSession(connector=cable) as http, ClientSession() as other:
            yield router.Stage(GatewayRouter("edge", url, http), GatewayRouter("edge", url, other), cut=cut)

    return router.Case(make, TARGETS, unknown_version="no-such-version")


@pytest.mark.parametrize("rule", router.RULES)
async def test_a_probed_router_keeps_the_rule(rule: str) -> None:
    await router.check(rule, probed_case())


@pytest.mark.parametrize("rule", router.RULES)
async def test_the_router_of_the_example_keeps_the_rule(rule: str) -> None:
    await router.check(rule, gateway_case())
