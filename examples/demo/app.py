"""The service that the demo releases: it answers with the image it was started from.

    v1, v2    answer 200
    v3        is ready, stands its tests, goes live, and answers 500 from its three hundredth request on

It listens where `PORT` says, counts its answers at /metrics, keeps connections alive, and finishes the requests in hand
when it is told to go.
"""

from __future__ import annotations

import asyncio
import os
import signal

IMAGE = os.environ.get("BLUEGREEN_IMAGE", "demo:v1")
BREAKS_AFTER = int(os.environ.get("BREAKS_AFTER", "300"))
WORDS = {200: "OK", 500: "Internal Server Error"}


class Service:
    """Answers requests, and counts them."""

    def __init__(self) -> None:
        self._answered = {200: 0, 500: 0}

    def answer(self, path: str) -> tuple[int, str]:
        """Status and body for a request. Readiness probes and scrapes are no customers."""
        if path == "/healthz":
            return 200, "ok\n"
        if path == "/metrics":
            return 200, "".join(f'http_requests_total{{status="{key}"}} {n}\n' for key, n in self._answered.items())
        broken = IMAGE.endswith(":v3") and sum(self._answered.values()) >= BREAKS_AFTER
        status = 500 if broken else 200
        self._answered[status] += 1
        return status, f"{IMAGE}\n"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as many requests as the client likes."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((one for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")), b":0")
                await reader.readexactly(int(length.split(b":")[1]))
                status, text = self.answer(head.split(b" ", 2)[1].decode())
                body = text.encode()
                answer = f"HTTP/1.1 {status} {WORDS[status]}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                writer.write(answer + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()


async def main() -> None:
    """Serves until SIGTERM."""
    going = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, going.set)
    server = await asyncio.start_server(Service().serve, "127.0.0.1", int(os.environ["PORT"]))
    print(f"{IMAGE} listens on port {os.environ['PORT']}", flush=True)
    await going.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
