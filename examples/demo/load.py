"""Steady load on one address, in a process of its own: `python -m examples.demo.load URL`.

Each connection is kept alive. Every second request is a POST, which no client and no proxy repeats in silence. A line
of JSON every 0.1 s says what came back so far, by the image that answered; times are the machine's monotonic clock.
Ends on SIGTERM, or when its parent is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections import defaultdict

import aiohttp

CONNECTIONS, REQUESTS_PER_S = 10, 200
REPORT_S, PATIENCE_S = 0.1, 5.0
NOBODY = "no answer"


class Tally:
    """What came back: for each image how often it was good and bad, and when it first and last answered."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, float]] = defaultdict(lambda: {"ok": 0, "failed": 0, "first": 0, "last": 0})

    def add(self, image: str, *, ok: bool) -> None:
        """One answer, now."""
        count, now = self._counts[image], time.monotonic()
        count["ok" if ok else "failed"] += 1
        count["first"] = count["first"] or now
        count["last"] = now

    def line(self) -> str:
        """All of it so far, as a line of JSON."""
        return json.dumps(self._counts)


async def ask(session: aiohttp.ClientSession, url: str, number: int, tally: Tally) -> None:
    """One request, tallied."""
    try:
        async with session.request("POST" if number % 2 else "GET", url) as reply:
            tally.add((await reply.text()).strip() or NOBODY, ok=reply.status == 200)
    except (aiohttp.ClientError, TimeoutError):
        tally.add(NOBODY, ok=False)


async def connection(url: str, tally: Tally, offset_s: float) -> None:
    """One customer, who asks at a steady rate over one connection."""
    every_s = CONNECTIONS / REQUESTS_PER_S
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1), timeout=timeout) as session:
        due, number = time.monotonic() + offset_s, 0
        while True:
            await asyncio.sleep(max(due - time.monotonic(), 0))
            await ask(session, url, number, tally)
            due, number = due + every_s, number + 1


async def report(tally: Tally) -> None:
    """Says how it stands, for as long as somebody listens."""
    parent = os.getppid()
    while os.getppid() == parent:
        print(tally.line(), flush=True)
        await asyncio.sleep(REPORT_S)


async def main(url: str) -> None:
    """Asks until told to stop, and says how it stood at the end."""
    tally = Tally()
    every_s = 1 / REQUESTS_PER_S
    working = [asyncio.create_task(connection(url, tally, number * every_s)) for number in range(CONNECTIONS)]
    reporting = asyncio.create_task(report(tally))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, reporting.cancel)
    await asyncio.wait([reporting, *working], return_when=asyncio.FIRST_COMPLETED)
    for task in (reporting, *working):
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    print(tally.line(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
