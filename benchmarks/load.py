"""`load` at 5,000 requests a second on one core: what it adds to a delay that is known."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from bluegreen.metrics import Context
from bluegreen.metrics.load import Load

RATE, DURATION_S, CONNECTIONS = 5000, 10, 200
DELAY_MS, SLOW_MS, SLOW_SHARE = 5.0, 50.0, 0.02
"""Each answer is held back for 5 ms, and one in fifty for 50 ms: the 99th percentile is known to be 50 ms."""
_SERVER = """
import asyncio, sys
delay, slow, every = (float(one) for one in sys.argv[1:4])
loop, count = None, 0
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"

class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        global count
        for _ in range(data.count(b"\\r\\n\\r\\n")):
            count += 1
            held = slow if every and count % every == 0 else delay
            if held:
                loop.call_later(held, self.transport.write, ANSWER)
            else:
                self.transport.write(ANSWER)

async def main():
    global loop
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


def _pin(pid: int, core: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(pid, {cores[core % len(cores)]})


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


async def _bare(port: int, count: int) -> tuple[float, float]:
    """The server by itself: the same request on one plain connection, one after the other; p50 and p99 in ms."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took: list[float] = []
    for _ in range(count):
        began = time.perf_counter()
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"ok")
        took.append((time.perf_counter() - began) * 1000)
    writer.close()
    return _quantile(took, 0.5), _quantile(took, 0.99)


async def _loaded(port: int) -> dict[str, Any]:
    load = Load(Context("shop", preview="shop", services={"shop": f"http://127.0.0.1:{port}"}))
    query = {"rate": RATE, "duration": DURATION_S, "connections": CONNECTIONS}
    found: dict[str, Any] = await load.measure(query)
    return found


def _measure(delay_ms: float, slow_ms: float, every: int) -> tuple[tuple[float, float], dict[str, Any], float, float]:
    """What one plain connection sees, what `load` says, the share of its core that it took, and for how long."""
    arguments = [str(delay_ms / 1000), str(slow_ms / 1000), str(every)]
    server = subprocess.Popen([sys.executable, "-c", _SERVER, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        _pin(server.pid, 1)
        bare = asyncio.run(_bare(port, 500))
        began, used = time.perf_counter(), time.process_time()
        seen = asyncio.run(_loaded(port))
        took_s = time.perf_counter() - began
        return bare, seen, (time.process_time() - used) / took_s, took_s
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Prints what `load` reports beside what is so, for a server that answers at once and for one of known delays."""
    allowed = os.sched_getaffinity(0)
    _pin(0, 0)
    try:
        for words, delay_ms, slow_ms, every in (
            ("a server that answers at once", 0.0, 0.0, 0),
            (f"answers after {DELAY_MS:g} ms, one in fifty after {SLOW_MS:g} ms", DELAY_MS, SLOW_MS, 50),
        ):
            bare, seen, core, took_s = _measure(delay_ms, slow_ms, every)
            truth_ms = slow_ms or bare[1]
            print(f"{words}: one plain connection sees p50 {bare[0]:.2f} ms, p99 {bare[1]:.2f} ms")
            print(
                f"  load at {RATE}/s for {DURATION_S} s: {seen['rps']:.0f}/s answered, success {seen['success']:.4f},"
                f" p50 {seen['p50']:.2f}, p90 {seen['p90']:.2f}, p99 {seen['p99']:.2f}, max {seen['max']:.1f} ms;"
                f" {core:.0%} of a core; errors {seen['errors']}"
            )
            each_us = core * took_s / max(sum(seen["statuses"].values()), 1) * 1e6
            print(f"  {each_us:.0f} µs of processor time for each answer")
            if seen["errors"].get("unsent") and core < 0.8:
                print("  (others kept the processor busy: run it again on a quiet machine)")
            print(f"  its own error in p99: {seen['p99'] - truth_ms:+.2f} ms, ratio {seen['p99'] / truth_ms:.2f} x")
    finally:
        os.sched_setaffinity(0, allowed)
