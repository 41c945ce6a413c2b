"""Promote to first new answer on the local backend, beside a bare Caddy told the same through its admin API."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientSession

from bluegreen import Engine, Healthy, Rollout
from bluegreen.backends import local
from bluegreen.backends.local.caddy import binary
from bluegreen.spec import JSON, BlueGreen, LocalSpec, RolloutPolicy
from tests.local.support import APP, free_port
from tests.support.load import Load, load

SWITCHES, PER_S = 15, 300


def _rollout(version: str, listen: Mapping[str, str]) -> Rollout:
    container = {
        "name": "shop",
        "image": f"shop:{version}",
        "env": [{"name": "VERSION", "value": version}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
        "ports": [{"containerPort": 8080}],
    }
    return Rollout(
        "shop",
        BlueGreen("shop", scale_down_delay_seconds=3600),
        template={"spec": {"containers": [container]}},
        policy=RolloutPolicy(drain_min_seconds=0, local=LocalSpec((sys.executable, "-S", APP), listen)),
    )


async def _first(seen: Load, body: str, since: float) -> float:
    while True:
        for one in reversed(seen.answers):
            if one.at < since:
                break
            if one.body == body:
                return seen.first(body, since=since)
        await asyncio.sleep(0.001)


async def _ours() -> list[float]:
    """Seconds from `apply` of a revision that still runs to the sending of the first request that it answered."""
    listen = {"shop": f"127.0.0.1:{free_port()}"}
    colours = [_rollout("v1", listen), _rollout("v2", listen)]
    times: list[float] = []
    with tempfile.TemporaryDirectory() as state_dir:
        async with local.connect(colours[0], state_dir=state_dir) as backend, Engine(colours[0], backend) as engine:
            await engine.wait_for(Healthy, timeout_s=30)
            await engine.apply(colours[1])
            await engine.wait_for(Healthy, timeout_s=30)
            async with load(f"http://{listen['shop']}/", per_s=PER_S) as seen:
                for number in range(SWITCHES):
                    asked_at = time.monotonic()
                    await engine.apply(colours[number % 2])
                    times.append(await _first(seen, f"v{1 + number % 2}", asked_at))
                    await engine.wait_for(Healthy, timeout_s=30)
        await local.delete(state_dir, "shop")
    return times


@asynccontextmanager
async def _apps(ports: tuple[int, int]) -> AsyncGenerator[None]:
    running = [
        subprocess.Popen([sys.executable, "-S", APP], env={"PORT": str(port), "VERSION": f"v{number}"})
        for number, port in enumerate(ports, 1)
    ]
    try:
        await asyncio.sleep(1)
        yield
    finally:
        for one in running:
            one.terminate()
            one.wait()


def _bare_config(listen: int, admin: int, upstream: int) -> JSON:
    handler = {"handler": "reverse_proxy", "upstreams": [{"@id": "pool", "dial": f"127.0.0.1:{upstream}"}]}
    server = {
        "listen": [f"127.0.0.1:{listen}"],
        "automatic_https": {"disable": True},
        "routes": [{"handle": [handler]}],
    }
    return {"admin": {"listen": f"127.0.0.1:{admin}"}, "apps": {"http": {"servers": {"shop": server}}}}


async def bare() -> tuple[list[float], list[float], int]:
    """The same through one Caddy and nothing else: to the first new answer, the call alone, and how many failed."""
    listen, admin, *ports = (free_port() for _ in range(4))
    times: list[float] = []
    calls: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "caddy.json")
        file.write_text(json.dumps(_bare_config(listen, admin, ports[0])))
        async with _apps((ports[0], ports[1])), ClientSession() as session:
            caddy = subprocess.Popen([binary(), "run", "--config", file], stderr=subprocess.DEVNULL)
            try:
                await asyncio.sleep(1)
                async with load(f"http://127.0.0.1:{listen}/", per_s=PER_S) as seen:
                    for number in range(1, SWITCHES + 1):
                        asked_at = time.monotonic()
                        change = {"@id": "pool", "dial": f"127.0.0.1:{ports[number % 2]}"}
                        async with session.patch(f"http://127.0.0.1:{admin}/id/pool", json=change) as reply:
                            reply.raise_for_status()
                        calls.append(time.monotonic() - asked_at)
                        times.append(await _first(seen, f"v{1 + number % 2}", asked_at))
                        await asyncio.sleep(0.5)
            finally:
                caddy.terminate()
                caddy.wait()
    return times, calls, len(seen.failed)


def main() -> None:
    """Prints both medians, and their ratio."""
    ours = statistics.median(asyncio.run(_ours())) * 1000
    times, calls, failed = asyncio.run(bare())
    theirs, call = statistics.median(times) * 1000, statistics.median(calls) * 1000
    print(f"declared to first new answer: {ours:.0f} ms (p50 of {SWITCHES}), with look, decision, save and probe")
    print(f"bare Caddy, told to switch: {theirs:.0f} ms, of which the call {call:.0f} ms; {failed} requests failed")
    print(f"ratio: {ours / theirs:.1f} x")
