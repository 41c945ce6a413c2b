"""The service that the demo releases: it answers with the image it was started from.

    v1, v2    answer 200
    v3        is ready, goes live, and answers 500 from some seconds after its first customer on

It listens where `PORT` says, keeps connections alive, and finishes the requests in hand when it is told to go.
"""

from __future__ import annotations

import asyncio
import os
import signal

IMAGE = os.environ.get("BLUEGREEN_IMAGE", "demo:v1")
BREAKS_AFTER_S = float(os.environ.get("BREAKS_AFTER_S", "4"))
WORDS = {200: "OK", 500: "Internal Server Error"}


class Service:
    """Answers requests. `broken` is whether its customers get errors by now."""

    def __init__(self) -> None:
        self._first_customer_at: float | None = None

    def status(self, path: str) -> int:
        """What this request is answered with. The readiness probe is no customer."""
        if path == "/healthz" or not IMAGE.endswith(":v3"):
            return 200
        now = asyncio.get_running_loop().time()
        self._first_customer_at = self._first_customer_at or now
        return 500 if now - self._first_customer_at >= BREAKS_AFTER_S else 200

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as many requests as the client likes."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((one for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")), b":0")
                await reader.readexactly(int(length.split(b":")[1]))
                status = self.status(head.split(b" ", 2)[1].decode())
                body = f"{IMAGE}\n".encode()
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
