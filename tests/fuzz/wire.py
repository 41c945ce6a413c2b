"""A server that answers whatever bytes it is told to, and one verdict on whoever asked it."""

from __future__ import annotations

import asyncio
import gzip
import traceback
from collections.abc import Coroutine, Generator
from contextlib import contextmanager, suppress
from typing import Any

from hypothesis import strategies as st

from bluegreen.errors import BackendError
from bluegreen.metrics.http.failures import RETRY_AFTER_MAX_S
from bluegreen.ports import NoData, Reading
from bluegreen.spec import JSON
from bluegreen.values import encoded
from tests.fuzz.bounds import bounded
from tests.fuzz.shapes import damaged

SECRET = "s3cret-that-nobody-may-see"
SAID_MAX = 600
"""An error is for a person to read: no answer makes it longer."""


class Wire:
    """Answers each request with `reply`, byte for byte, and hangs up. It lives in a loop of its own."""

    def __init__(self) -> None:
        self.reply = b""
        self.asked = 0
        self.port = 0
        self._runner = asyncio.Runner()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Runs a coroutine beside the server."""
        return self._runner.run(work)

    @contextmanager
    def serving(self) -> Generator[Wire]:
        """Listens on a free port of loopback for as long as the block lasts."""
        server = self.run(asyncio.start_server(self._answer, "127.0.0.1", 0, limit=4 << 20))
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.run(server.wait_closed())
            self._runner.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    await reader.readexactly(int(line.partition(b":")[2]))
            self.asked += 1
            writer.write(self.reply)
            await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


HEADS = (
    "Content-Type: application/json",
    "Content-Type: text/plain; charset=no-such-charset",
    "Content-Encoding: gzip",
    "Content-Encoding: deflate",
    "Content-Encoding: br",
    "Content-Encoding: zstd",
    "Content-Encoding: identity, gzip",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Content-Length: 3",
    "Content-Length: 99999",
    "Content-Length: -1",
    f"Content-Length: {'9' * 400}",
    "Content-Range: bytes 0-1/99",
    "Retry-After: 7",
    f"Retry-After: {'9' * 400}",
    "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT",
    "Retry-After: Fri, 31 Dec 9999 23:59:59 -2400",
    "Retry-After: Thu, 01 Jan 0001 00:00:00 GMT",
    "Retry-After: Thu, 99999999999999999999 Jan 1 1:1:1 GMT",
    "Retry-After: ,,,",
    "Retry-After: \u0663",
    "Retry-After: \u00b2",
    "Retry-After: nan",
    "Location: /again",
    "Location: http://[::1",
    "Location: //",
    "Location: http://127.0.0.1:99999/",
    "Location: \u00e9\u0000",
    f"Location: http://example.invalid/?{SECRET}",
    f"Set-Cookie: a={SECRET}",
    f"X-Long: {'x' * 9000}",
    "No colon",
    ": no name",
    " folded",
)
STATUSES = st.sampled_from(
    [200, 200, 200, 200, 204, 206, 301, 302, 307, 400, 401, 403, 404, 405, 422, 429, 500, 501, 503]
)
ODD_STATUSES = st.sampled_from(["100", "101", "199", "999", "0", "-1", "2e2", "20", "2000", "\u0662\u0660\u0660", ""])


def http(body: bytes, status: object = 200, *heads: str, sized: bool = True) -> bytes:
    """An answer as it goes over the wire."""
    size = [f"Content-Length: {len(body)}"] if sized else []
    lines = [f"HTTP/1.1 {status} {SECRET}", *size, "Connection: close", *heads]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@st.composite
def replies(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> bytes:
    """An answer with one of these bodies: most often whole, and sometimes no answer at all."""
    body = draw(bodies)
    match draw(st.integers(0, 9)):
        case 0:
            return draw(st.binary(max_size=60))
        case 1:
            return draw(damaged(http(body)))
        case 2:
            packed = gzip.compress(body)
            return http(draw(st.sampled_from([packed, packed[:-4]])), 200, "Content-Encoding: gzip")
        case 3:
            return http(body, draw(ODD_STATUSES))
        case 4 | 5:
            heads = draw(st.lists(st.sampled_from(HEADS), max_size=3))
            return http(body, draw(STATUSES), *heads, sized=draw(st.booleans()))
        case _:
            return http(body, draw(STATUSES))


def judged(work: Coroutine[Any, Any, JSON | NoData | Reading], wire: Wire) -> object:
    """What a measurement came to: a value that can be kept, or an error of ours, in few words and without the secret.

    What is too large or too deep to be kept is an error too, which whoever keeps it says.
    """
    with bounded():
        try:
            answer = wire.run(work)
        except BackendError as error:
            judge_error(error)
            return error
        judge_value(answer)
    return answer


def judge_value(answer: JSON | NoData | Reading) -> None:
    """Fails unless the value can be kept, or is refused in words where it would be."""
    parts = (answer.result, answer.labels) if isinstance(answer, Reading) else (answer,)
    for part in (answer.result,) if isinstance(answer, NoData) else parts:
        try:
            encoded(part)
        except ValueError as error:
            if not str(error).startswith(("the value has", "the value is nested")):
                raise AssertionError(f"{part!r:.200} can never be kept: {error}") from error


def judge_error(error: BackendError) -> None:
    """Fails unless the error is one that a person, and the engine, can use."""
    said = str(error)
    assert len(said.split()) >= 3, said
    assert len(said) <= SAID_MAX, said
    assert said.isprintable(), said
    assert SECRET not in "".join((repr(error), *traceback.format_exception(error))), said
    after_s = error.retry_after_s
    assert after_s is None or 0 <= after_s <= RETRY_AFTER_MAX_S, after_s
