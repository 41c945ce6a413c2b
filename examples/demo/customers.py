"""The customers of the demo: the load's process, and what it says."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]
STOP_S = 10.0


@frozen
class Count:
    """What one image answered. Times are seconds of the machine's monotonic clock, 0 before there is any."""

    ok: int = 0
    failed: int = 0
    first: float = 0.0
    last: float = 0.0


class Customers:
    """What came back to the customers so far, by image; kept up to date while they ask."""

    def __init__(self) -> None:
        self.counts: dict[str, Count] = {}

    def of(self, image: str) -> Count:
        """What this image answered."""
        return self.counts.get(image, Count())

    @property
    def requests(self) -> int:
        """How many were asked."""
        return sum(one.ok + one.failed for one in self.counts.values())

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(one.failed for one in self.counts.values())

    def read(self, line: bytes) -> None:
        """Takes in one line of the load."""
        said = json.loads(line)
        self.counts = {
            image: Count(int(one["ok"]), int(one["failed"]), one["first"], one["last"]) for image, one in said.items()
        }


@asynccontextmanager
async def customers(url: str) -> AsyncGenerator[Customers]:
    """Customers who ask for as long as the block lasts; all of their answers are in when it has ended."""
    asking = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "examples.demo.load", url), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    there = Customers()

    async def listen() -> None:
        assert asking.stdout is not None  # it was asked for
        async for line in asking.stdout:
            there.read(line)

    listening = asyncio.create_task(listen())
    try:
        yield there
        asking.terminate()
        await asyncio.wait_for(listening, STOP_S)
    finally:
        listening.cancel()
        if asking.returncode is None:
            asking.terminate()
            await asking.wait()
