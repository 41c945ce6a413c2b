"""A small HTTP server for the tests: it says which revision it is, can be slow to be ready, slow to answer, or die."""

import asyncio
import json
import os
import signal
import sys
import time

BORN = time.monotonic()
SLOW_START_S = float(os.environ.get("SLOW_START_S", "0"))
stopping = asyncio.Event()
busy = 0


def say(line: str) -> None:
    """A line in the log, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def answer(path: str) -> tuple[int, str]:
    """The status and the body for a path that needs no time."""
    if path == "/healthz":
        return (200, "ok") if time.monotonic() - BORN >= SLOW_START_S else (503, "not yet")
    if path == "/env":
        return 200, json.dumps(dict(os.environ))
    if path == "/me":
        return 200, json.dumps({"pid": os.getpid(), "args": sys.argv[1:], "folder": os.getcwd()})
    if path.startswith("/exit/"):
        say(f"told to exit {path[6:]}")
        os._exit(int(path[6:]))
    return 200, os.environ.get("VERSION", "none")


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, kept alive until it is idle while the program stops."""
    global busy  # noqa: PLW0603
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            busy += 1
            length = next(
                (int(x.split(":")[1]) for x in head.lower().splitlines() if x.startswith("content-length")), 0
            )
            await reader.readexactly(length)
            path = head.split()[1]
            if path.startswith("/slow/"):
                await asyncio.sleep(float(path[6:]))
            status, body = answer(path)
            if path == "/headers":
                body = head
            close = "Connection: close\r\n" if stopping.is_set() else ""
            text = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body.encode())}\r\n{close}\r\n{body}"
            writer.write(text.encode())
            await writer.drain()
            busy -= 1
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Serves until SIGTERM, then ends what is in hand unless told to ignore the signal or to die of it."""
    how = os.environ.get("ON_TERM", "finish")
    if how == "ignore":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif how == "finish":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    server = await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"]))
    say("listening")
    await stopping.wait()
    server.close()
    while busy:
        await asyncio.sleep(0.02)
    say("finished")
    os._exit(0)


asyncio.run(main())
