"""Real servers, each on a free port of its own, with its data in a folder of the test, and always stopped."""

from __future__ import annotations

import asyncio
import shutil
import socket
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from aiohttp import ClientError, ClientSession

WITHIN_S = 25.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def needed(program: str, package: str) -> str:
    """The program's path; without it the test is skipped."""
    if (found := shutil.which(program)) is None:
        pytest.skip(f"there is no {program}: on Debian type apt-get install {package}, or run .ci/debian as root")
    return found


class Server:
    """A program that serves HTTP. It may be stopped and started again, as often as is needed, on the same port.

    `ready` is a URL that answers 2xx once the server is ready to be asked. What the program writes goes to a file in
    `folder`. It is killed with this process, however that ends, where the system can see to it.
    """

    def __init__(
        self, command: Sequence[str], ready: str, folder: Path, *, env: Mapping[str, str] | None = None
    ) -> None:
        self._command = [*([found, "--pdeathsig", "KILL"] if (found := shutil.which("setpriv")) else []), *command]
        self._ready, self._env = ready, env
        self._log = folder / f"{Path(command[0]).name}.log"
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Starts the program, and waits until it is ready."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=self._env
            )
        async with ClientSession() as session:
            try:
                await eventually(lambda: self._answers(session), WITHIN_S)
            except TimeoutError as error:
                raise RuntimeError(f"{self._ready} does not answer: {self._written()}") from error

    async def stop(self, *, kill: bool = False) -> None:
        """Stops the program, if it runs, and waits for its end."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.kill() if kill else process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _answers(self, session: ClientSession) -> bool:
        if self._process is None or self._process.returncode is not None:
            raise RuntimeError(f"{self._command[-1]} has ended: {self._written()}")
        with suppress(ClientError, OSError, TimeoutError):
            async with asyncio.timeout(5), session.get(self._ready, ssl=False) as answer:
                return answer.ok
        return False

    def _written(self) -> str:
        """The end of what the program has written."""
        return self._log.read_text(errors="replace")[-2000:]


async def eventually(condition: Callable[[], Awaitable[bool]], within_s: float = 15.0) -> None:
    """Waits until the condition holds; fails when it does not in time."""
    async with asyncio.timeout(within_s):
        while not await condition():
            await asyncio.sleep(0.05)
