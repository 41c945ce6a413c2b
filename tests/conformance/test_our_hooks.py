"""Our hooks keep every rule: real programs, and real requests to a real server."""

import asyncio
import shlex
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bluegreen.hooks import LocalHooks
from bluegreen.ports import Hooks
from bluegreen.testing.conformance import hooks
from tests.hooks.conftest import stop_all
from tests.hooks.server import Server, serving
from tests.hooks.support import RELEASE, shell, times_run
from tests.local.support import free_port

pytestmark = pytest.mark.real


@asynccontextmanager
async def opened(folder: Path, **more: Any) -> AsyncGenerator[hooks.Stage]:
    """A stage over the hooks of one folder, all of them closed in the end."""
    adapters = [LocalHooks(folder), LocalHooks(folder)]

    async def reopened() -> Hooks:
        for one in adapters:
            await one.close()
        adapters.append(LocalHooks(folder))
        return adapters[-1]

    try:
        yield hooks.Stage(hooks=adapters[0], another=adapters[1], reopened=reopened, **more)
    finally:
        for one in adapters:
            await one.close()


def command_case(where: Path) -> hooks.Case:
    """Programs of this machine."""

    def quick(mark: str) -> Mapping[str, Any]:
        return shell(f"echo ran >> {shlex.quote(str(where / mark))}")

    def endless(mark: str) -> Mapping[str, Any]:
        return shell(f"echo $$ > {shlex.quote(str(where / f'{mark}.pid'))}; exec sleep 600")

    def runs(mark: str) -> bool:
        text = (where / f"{mark}.pid").read_text() if (where / f"{mark}.pid").exists() else ""
        return bool(text) and Path(f"/proc/{text.strip()}/stat").exists()

    @asynccontextmanager
    async def make() -> AsyncGenerator[hooks.Stage]:
        folder = where / "hooks"
        try:
            async with opened(
                folder,
                quick=quick,
                times=lambda mark: times_run(where / mark),
                endless=endless,
                failing={
                    "a program that fails": shell("echo no such table; exit 3"),
                    "a program that is not there": {**shell(""), "argv": ["/no/such/program"]},
                },
                wrong={
                    "a program without a name": {**shell(""), "argv": []},
                    "a hook of no known kind": {"kind": "carrier-pigeon"},
                },
                runs=runs,
            ) as stage:
                yield stage
        finally:
            await stop_all(folder)

    return hooks.Case(make)


def webhook_case(where: Path) -> hooks.Case:
    """Requests to a server that makes happen once what comes again under one idempotency key."""

    async def answering(request: web.Request, _number: int) -> web.StreamResponse:
        if request.path.startswith("/endless"):
            await asyncio.sleep(60)
        return web.Response(status=int(request.query.get("status", "200")))

    def hook(server: Server, path: str) -> dict[str, Any]:
        return {"kind": "webhook", "url": f"{server.url}{path}", "release": {**RELEASE, "hook": path}}

    @asynccontextmanager
    async def make() -> AsyncGenerator[hooks.Stage]:
        async with serving(answering) as server:
            gone = {**hook(server, "/"), "url": f"http://127.0.0.1:{free_port()}/"}

            def times(mark: str) -> int:
                return len({one.headers["Idempotency-Key"] for one in server.asked if one.path == f"/{mark}"})

            async with opened(
                where,
                quick=lambda mark: hook(server, f"/{mark}"),
                times=times,
                endless=lambda mark: hook(server, f"/endless/{mark}"),
                failing={
                    "a server that refuses": hook(server, "/?status=400"),
                    "a server that has moved": hook(server, "/?status=301"),
                },
                passing={
                    "a server that is not there": gone,
                    "a server that is too busy": hook(server, "/?status=503"),
                },
                wrong={
                    "a webhook without an address": {"kind": "webhook"},
                    "a webhook that is no POST": {**gone, "method": "DELETE"},
                },
            ) as stage:
                yield stage

    return hooks.Case(make)


@pytest.mark.parametrize("rule", hooks.RULES)
async def test_our_programs_keep_the_rule(rule: str, tmp_path: Path) -> None:
    await hooks.check(rule, command_case(tmp_path))


@pytest.mark.parametrize("rule", hooks.RULES)
async def test_our_webhooks_keep_the_rule(rule: str, tmp_path: Path) -> None:
    await hooks.check(rule, webhook_case(tmp_path))
