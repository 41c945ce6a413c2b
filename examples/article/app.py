"""The service that the article's manifests release: it counts its requests, and its image says how good it is.

    v2.1.0, v2.2.0    answer 200, at once
    v2.3.0            answers 4% of its requests with 500
    v2.4.0            stands whatever a test sends, and wears out under its customers' checkouts

It listens where `PORT` says, keeps connections alive, and finishes the requests in hand when it is told to go.
"""

from __future__ import annotations

import asyncio
import os
import signal

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

IMAGE = os.environ.get("BLUEGREEN_IMAGE", "my-org/my-app:v2.1.0")
WEARS_OUT_AFTER = int(os.environ.get("WEARS_OUT_AFTER", "1000"))
"""So many checkouts a replica of v2.4.0 stands, which only customers make; of those that follow every other one is
answered with 500."""
WORDS = {200: "OK", 500: "Internal Server Error"}
REGISTRY = CollectorRegistry()
REQUESTS = Counter("http_requests", "requests answered", ["status"], registry=REGISTRY)
DURATION = Histogram("http_request_duration_seconds", "time to the answer", ["method"], registry=REGISTRY)


class Service:
    """Answers requests. What it counts are its customers'; probes and scrapes are none."""

    def __init__(self, image: str = IMAGE) -> None:
        self._image = image
        self._asked = self._checkouts = 0

    def status(self, path: str) -> int:
        """What the next request is answered with."""
        self._asked += 1
        self._checkouts += path == "/checkout"
        if self._image.endswith("v2.3.0"):
            return 500 if self._asked % 25 == 0 else 200
        worn = self._image.endswith("v2.4.0") and self._checkouts > WEARS_OUT_AFTER
        return 500 if worn and self._asked % 2 else 200

    def answer(self, method: str, path: str) -> tuple[int, bytes]:
        """Status and body for a request."""
        if path == "/healthz":
            return 200, b"ok\n"
        if path == "/metrics":
            return 200, generate_latest(REGISTRY)
        with DURATION.labels(method).time():
            status = self.status(path)
        REQUESTS.labels(str(status)).inc()
        return status, f"{self._image}\n".encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as many requests as the client likes."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((one for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")), b":0")
                await reader.readexactly(int(length.split(b":")[1]))
                method, path, _ = head.decode().split(" ", 2)
                status, body = self.answer(method, path)
                answer = f"HTTP/1.1 {status} {WORDS[status]}\r\nContent-Type: text/plain\r\n"
                writer.write(f"{answer}Content-Length: {len(body)}\r\n\r\n".encode() + body)
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
