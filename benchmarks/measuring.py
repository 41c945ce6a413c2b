"""A thousand metrics measured at once, by a real Prometheus, beside bare aiohttp requests for the same."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import ClientSession

from bluegreen.metrics import Context
from bluegreen.metrics.prometheus import Prometheus
from bluegreen.ports import Reading
from tests.metrics.servers.measuring import Measuring
from tests.metrics.servers.prometheus import prometheus_server

METRICS, ROUNDS = 1000, 7


def _query(address: str, number: int) -> dict[str, str]:
    return {"address": f"http://{address}", "query": f"vector({number})"}


async def _bare(session: ClientSession, address: str, number: int) -> None:
    form = {"query": f"vector({number})"}
    async with session.post(f"http://{address}/api/v1/query", data=form) as answer:
        found = await answer.json()
    assert float(found["data"]["result"][0]["value"][1]) == number


async def _provided(provider: Prometheus, address: str, number: int) -> None:
    found = await provider.measure(_query(address, number))
    assert isinstance(found, Reading)
    assert found.result == [number]


async def _engine(measuring: Measuring, address: str, number: int) -> None:
    assert await measuring.value("prometheus", _query(address, number)) == [number]


async def _seconds(measure: Callable[[int], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(measure(number) for number in range(METRICS)))
    return time.perf_counter() - began


async def _rounds() -> dict[str, list[float]]:
    """Each way once a round, so that a busy machine is as unkind to one as to the other."""
    times: dict[str, list[float]] = {"aiohttp alone": [], "the provider": [], "the engine's tasks": []}
    with tempfile.TemporaryDirectory() as folder:
        async with (
            prometheus_server(Path(folder), "127.0.0.1:9") as (address, _),
            ClientSession() as session,
            Measuring({"token": "of no use"}) as measuring,
        ):
            provider = Prometheus(Context("shop"))
            ways: dict[str, Callable[[int], Awaitable[None]]] = {
                "aiohttp alone": lambda number: _bare(session, address, number),
                "the provider": lambda number: _provided(provider, address, number),
                "the engine's tasks": lambda number: _engine(measuring, address, number),
            }
            for number in range(ROUNDS + 1):
                for name, way in ways.items():
                    took_s = await _seconds(way)
                    if number:  # the first round opens the connections
                        times[name].append(took_s)
            await provider.close()
    return times


def main() -> None:
    """Prints medians, and their ratios to what aiohttp takes for the requests alone."""
    if not shutil.which("prometheus"):
        print("there is no prometheus: on Debian type apt-get install prometheus")
        return
    times = {name: statistics.median(took) for name, took in asyncio.run(_rounds()).items()}
    alone = times["aiohttp alone"]
    for name, took_s in times.items():
        each_ms = took_s * 1000 / METRICS
        print(
            f"{METRICS} metrics at once, {name}: {took_s:.2f} s, {each_ms:.2f} ms each, {took_s / alone:.2f} x aiohttp"
        )
