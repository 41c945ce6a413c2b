"""A proxy between a provider and its server that can do whatever networks and servers do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

END_OF_HEAD = b"\r\n\r\n"


class Fault(StrEnum):
    """What the proxy does with a request. `echo` ones show the whole request in their answer, secrets and all."""

    NONE = "none"
    STALL = "stall"
    HALF = "half"
    DROP = "drop"
    ECHO_500 = "500 echo"
    ECHO_401 = "401 echo"
    BUSY = "429"
    GARBAGE = "garbage"
    HTML = "html"
    HUGE = "huge"
    ELSEWHERE = "redirect"


class FaultProxy:
    """`fault` holds from the next request on; `asked` is what came, `address` where it listens."""

    def __init__(self) -> None:
        self.fault = Fault.NONE
        self.asked: list[bytes] = []
        self.address = ""
        self.upstream = ""
        self._busy = set[asyncio.Task[None]]()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, which carries one request."""
        task = asyncio.current_task()
        assert task is not None
        self._busy.add(task)
        try:
            request = await _request(reader)
            self.asked.append(request)
            await self._answer(request, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._busy.discard(task)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def close(self) -> None:
        """Ends the connections that stall."""
        for task in list(self._busy):
            task.cancel()
        if self._busy:
            await asyncio.wait(list(self._busy))

    async def _answer(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        match self.fault:
            case Fault.STALL:
                await asyncio.sleep(3600)
            case Fault.NONE | Fault.HALF:
                whole = await self._forwarded(request)
                head = whole.index(END_OF_HEAD) + len(END_OF_HEAD)
                middle = head + (len(whole) - head) // 2
                writer.write(whole if self.fault is Fault.NONE else whole[:middle])
            case _:
                writer.write(_made_up(self.fault, request))
        await writer.drain()

    async def _forwarded(self, request: bytes) -> bytes:
        host, _, port = self.upstream.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def fault_proxy(upstream: str) -> AsyncGenerator[FaultProxy]:
    """A proxy on a free port of loopback, before the server at `upstream` (`host:port`)."""
    proxy = FaultProxy()
    proxy.upstream = upstream
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=4 << 20)
    try:
        host, port = server.sockets[0].getsockname()[:2]
        proxy.address = f"{host}:{port}"
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()


async def _request(reader: asyncio.StreamReader) -> bytes:
    """The head of a request, and its body."""
    head = await reader.readuntil(END_OF_HEAD)
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.partition(b":")[2]))
    return head


def _made_up(fault: Fault, request: bytes) -> bytes:
    """What the proxy answers by itself."""
    return {
        Fault.DROP: b"",
        Fault.GARBAGE: b"\x00\x01 what is this " + request,
        Fault.ECHO_500: _reply("500 Internal Server Error", request),
        Fault.ECHO_401: _reply("401 Unauthorized", request),
        Fault.BUSY: _reply("429 Too Many Requests", b"slow down", "Retry-After: 7\r\n"),
        Fault.HTML: _reply("200 OK", b"<html><h1>Please log in</h1></html>"),
        Fault.HUGE: _reply("200 OK", b'"' + b"x" * (2 << 20) + b'"'),
        Fault.ELSEWHERE: _reply("302 Found", b"", "Location: http://example.invalid/?to=elsewhere\r\n"),
    }[fault]


def _reply(status: str, body: bytes, more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n".encode() + body
