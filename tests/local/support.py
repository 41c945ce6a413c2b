"""What the tests of the local backend do again and again, and a client that forgives nothing."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import define, field

from bluegreen.ports import Backend
from bluegreen.snapshot import RevisionState, Slot, Target
from bluegreen.spec import RevisionId, Rollout

APP = str(Path(__file__).with_name("app.py"))

MakeRollout = Callable[..., Rollout]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def eventually(condition: Callable[[], Awaitable[bool]], within_s: float = 10.0) -> None:
    """Waits until the condition holds; fails when it does not in time."""
    async with asyncio.timeout(within_s):
        while not await condition():
            await asyncio.sleep(0.05)


async def available(backend: Backend, rollout: Rollout, replicas: int) -> RevisionState:
    """Waits until the rollout's revision has exactly so many available replicas, and returns it."""
    seen: list[RevisionState] = []

    async def there() -> bool:
        state = await backend.workloads.observe(rollout)
        seen[:] = [one for one in state.revisions if one.id == state.template]
        return bool(seen) and seen[0].available == replicas

    await eventually(there)
    return seen[0]


async def start(backend: Backend, rollout: Rollout, replicas: int = 1) -> RevisionState:
    """The rollout's revision, with so many available replicas, prepared on the layer."""
    revision = (await backend.workloads.observe(rollout)).template
    await backend.workloads.ensure(rollout, revision, replicas)
    state = await available(backend, rollout, replicas)
    held = (await backend.routers[0].observe()).prepared or frozenset()
    others = {one for one in held if one.revision != revision}
    await backend.routers[0].prepare({*others, Target(revision, state.addresses)})
    return state


async def point(backend: Backend, revision: RevisionId, slot: Slot = Slot.ACTIVE) -> None:
    """Points the slot at the revision, whatever it shows now."""
    state = await backend.routers[0].observe()
    await backend.routers[0].point(slot, revision, if_version=state.token(slot))


def active_url(rollout: Rollout, path: str = "/") -> str:
    """Where live traffic goes."""
    return f"http://{rollout.policy.local.listen['shop']}{path}"


@define
class Load:
    """Steady requests on connections that are kept alive. A request is never tried again, whatever its method.

    `answers` counts the bodies of the answers with status 200; `failures` says of every other request why it failed.
    """

    host: str
    port: int
    answers: Counter[str] = field(factory=Counter[str])
    failures: list[str] = field(factory=list[str])

    async def client(self, method: str, every_s: float) -> None:
        """One connection, for ever."""
        loop = asyncio.get_running_loop()
        writer: asyncio.StreamWriter | None = None
        reader: asyncio.StreamReader | None = None
        try:
            while True:
                began = loop.time()
                try:
                    if writer is None or reader is None:
                        reader, writer = await asyncio.open_connection(self.host, self.port)
                    if await self._ask(method, reader, writer):
                        writer.close()
                        writer = None
                except (OSError, EOFError) as error:
                    self.failures.append(f"{method}: {error!r}")
                    if writer is not None:
                        writer.close()
                    writer = None
                await asyncio.sleep(max(every_s - (loop.time() - began), 0.0))
                if writer is not None and reader is not None and reader.at_eof():
                    writer.close()  # closed while idle, and seen before a request was lost
                    writer = None
        finally:
            if writer is not None:
                writer.close()

    async def _ask(self, method: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        body = "x=1" if method == "POST" else ""
        writer.write(f"{method} / HTTP/1.1\r\nHost: shop\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next(int(line.split(":")[1]) for line in head.splitlines() if line.startswith("content-length"))
        answer = (await reader.readexactly(length)).decode()
        status = head.split()[1]
        if status == "200":
            self.answers[answer] += 1
        else:
            self.failures.append(f"{method}: {status} {answer}")
        return "connection: close" in head


@asynccontextmanager
async def under_load(rollout: Rollout, *, per_s: float = 150.0, clients: int = 10) -> AsyncIterator[Load]:
    """Half of the requests are GETs, half POSTs. Ends with the block."""
    host, port = rollout.policy.local.listen["shop"].split(":")
    load = Load(host, int(port))
    running = [
        asyncio.create_task(load.client("POST" if number % 2 else "GET", clients / per_s)) for number in range(clients)
    ]
    try:
        yield load
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
