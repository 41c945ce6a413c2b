"""Asking one replica something: its readiness probe, or its preStop hook."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress

from attrs import define

from bluegreen.backends.local.launch import Launch, expand_all
from bluegreen.backends.local.pod import Action, Exec, HttpGet, Probe, Sleep, TcpSocket

HOST = "127.0.0.1"


async def perform(action: Action, launch: Launch, port: int, timeout_s: float) -> str:
    """Does it once against the replica on this port. Empty when it went well, else why not, in a few words."""
    try:
        async with asyncio.timeout(timeout_s):
            match action:
                case HttpGet():
                    return await _get(action, port)
                case TcpSocket():
                    return await _connect(port)
                case Exec(command):
                    return await _run(expand_all(command, launch.env), launch.env, launch.folder)
                case Sleep(seconds):
                    await asyncio.sleep(seconds)
                    return ""
    except TimeoutError:
        return f"{_name(action, port)}: no answer within {timeout_s:g} s"
    except OSError as error:
        return f"{_name(action, port)}: {error.strerror or error}"


@define
class Count:
    """Whether a replica is ready, by what its probe said and the probe's thresholds."""

    probe: Probe
    ready: bool = False
    good: int = 0
    bad: int = 0

    def add(self, well: bool) -> bool:
        """One more answer; whether the replica is ready after it."""
        self.good, self.bad = (self.good + 1, 0) if well else (0, self.bad + 1)
        if self.ready:
            self.ready = self.bad < self.probe.failures
        else:
            self.ready = self.good >= self.probe.successes
        return self.ready


def _name(action: Action, port: int) -> str:
    match action:
        case HttpGet():
            return f"GET {_url(action, port)}"
        case TcpSocket():
            return f"connecting to its PORT ({port})"
        case Exec(command):
            return f"running {command[0]}"
        case Sleep():
            return "sleeping"


def _url(action: HttpGet, port: int) -> str:
    path = action.path if action.path.startswith("/") else f"/{action.path}"
    return f"{action.scheme.lower()}://{HOST}:{port}{path}"


async def _get(action: HttpGet, port: int) -> str:
    from aiohttp import ClientConnectionError, ClientError, ClientSession, TCPConnector

    try:
        # As in a cluster, nobody checks the certificate of a replica.
        async with ClientSession(connector=TCPConnector(force_close=True, ssl=False)) as session:
            headers = {"User-Agent": "bluegreen-probe", **dict(action.headers)}
            async with session.get(_url(action, port), headers=headers, allow_redirects=False) as reply:
                if 200 <= reply.status < 400:
                    return ""
                return f"{_name(action, port)}: answered {reply.status}"
    except ClientConnectionError as error:
        why = getattr(error, "strerror", None) or "connection refused or broken"
        return f"{_name(action, port)}: {why}"
    except ClientError as error:
        return f"{_name(action, port)}: {type(error).__name__}"


async def _connect(port: int) -> str:
    _, writer = await asyncio.open_connection(HOST, port)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return ""


async def _run(command: tuple[str, ...], env: Mapping[str, str], folder: str) -> str:
    quiet = asyncio.subprocess.DEVNULL
    running = await asyncio.create_subprocess_exec(
        *command, stdin=quiet, stdout=quiet, stderr=quiet, env=dict(env), cwd=folder, start_new_session=True
    )
    try:
        code = await running.wait()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        await running.wait()
        raise
    return "" if code == 0 else f"running {command[0]}: exit code {code}"
