"""One process in a session of its own: it outlives who started it, and is known again by pid and start time."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from attrs import frozen

POLL_S = 0.1
MARKER = "BLUEGREEN_REPLICA"
"""The variable by which a process is found again whose pid nobody had the time to write down."""

_DEFAULT_AGAIN = [
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGPIPE,
    signal.SIGTERM,
    signal.SIGCHLD,
    signal.SIGXFSZ,
]


@frozen
class Process:
    """A process that was started once. `started` is its boot's identifier and its start in clock ticks since then."""

    pid: int
    started: str


@frozen
class _Stat:
    state: str
    session: int
    started: str


def spawn(argv: Sequence[str], env: Mapping[str, str], *, folder: str | Path, log: str | Path) -> Process:
    """Starts a program in its own session, with this environment and no other, output appended to `log`.

    A program that does not exist, or a folder that is not there, shows as exit code 127 or 2 and a line in the log.
    """
    script = 'cd -- "$0" && exec "$@"'  # posix_spawn cannot change folders; exec keeps the pid
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        "/bin/sh",
        ["sh", "-c", script, str(folder), *argv],
        dict(env),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=_DEFAULT_AGAIN,
    )
    stat = _stat(pid)
    return Process(pid, stat.started if stat else "gone at once")


def adopt(pid: int) -> Process | None:
    """The process that has this pid now; None when there is none, or it has ended."""
    stat = _stat(pid)
    return Process(pid, stat.started) if stat and stat.state != "Z" else None


def alive(process: Process) -> bool:
    """The very process still runs: another one with its pid does not count, nor does one that has ended."""
    return adopt(process.pid) == process


def exit_code(process: Process) -> int | None:
    """How an own child ended (negative: the signal); None when it cannot be told. Ask once, after it has ended."""
    stat = _stat(process.pid)
    if stat is None or stat.started != process.started:
        return None
    try:
        pid, status = os.waitpid(process.pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if pid else None


def find(marker: str) -> Process | None:
    """The running process that was started with this marker in its environment, if there is one."""
    wanted = f"{MARKER}={marker}".encode()
    for pid in _pids():
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        # A child inherits the marker: the leader of the session is the one that was started with it.
        if wanted in environment.split(b"\0") and (stat := _stat(pid)) and stat.session == pid and stat.state != "Z":
            return Process(pid, stat.started)
    return None


def session(process: Process) -> list[int]:
    """The pids that still belong to the process's session, itself included, or its orphans when it has ended."""
    leader = _stat(process.pid)
    if leader and leader.started != process.started:
        return []  # the pid was given to somebody else, so no process of ours can be left
    found: list[int] = []
    for pid in _pids():
        stat = _stat(pid)
        if stat and stat.session == process.pid and stat.state != "Z":
            found.append(pid)
    return found


def kill(process: Process) -> None:
    """Kills the whole session at once. Blocks for as long as it takes to read the process table."""
    for pid in session(process):
        _signal(pid, signal.SIGKILL)


async def ended(process: Process) -> int | None:
    """Waits for the process to end; its exit code, when it was a child of this one."""
    while alive(process):  # noqa: ASYNC110  nobody tells of a process that is not our child
        await asyncio.sleep(POLL_S)
    return exit_code(process)


async def stop(process: Process, grace_s: float) -> None:
    """SIGTERM to the process and its group; after the grace period SIGKILL to whatever is left of its session."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + grace_s
    if alive(process):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    while await _left(process):
        if loop.time() < deadline:
            await asyncio.sleep(POLL_S)
        else:
            await asyncio.to_thread(kill, process)
            await asyncio.sleep(POLL_S / 10)
    exit_code(process)


async def _left(process: Process) -> bool:
    return alive(process) or bool(await asyncio.to_thread(session, process))


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return _Stat(fields[0], int(fields[3]), f"{_boot()}:{fields[19]}")


@cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
