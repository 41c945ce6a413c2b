"""The process that keeps a command hook: started in a session of its own, known again by pid and start."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import frozen

from bluegreen.hooks.command import keeper

POLL_S = 0.05
_END_BYTES: Final = 16384
"""So much of the end of a program's output is looked at."""
_CUT: Final = "\u2026 "
"""What a text begins with that was cut."""
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


def spawn(environment: Mapping[str, str]) -> Process:
    """Starts a keeper with this environment, which has its job in it. Raises `OSError` when it cannot be started."""
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", keeper.__file__],
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=_DEFAULT_AGAIN,
    )
    seen = keeper.started(pid)
    return Process(pid, seen[0] if seen else "gone at once")


def alive(process: Process) -> bool:
    """The very process still runs: another one with its pid does not count, nor does one that has ended."""
    seen = keeper.started(process.pid) if process.pid else None
    return seen is not None and seen[0] == process.started and seen[1] != "Z"


def reap(process: Process) -> None:
    """Takes a child that has ended off the process table; harmless for what is no child."""
    with suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)


def session(process: Process) -> list[int]:
    """The pids that belong to the process's session: itself, and what it began, also when it has ended."""
    leader = keeper.started(process.pid) if process.pid else None
    if not process.pid or (leader and leader[0] != process.started):
        return []  # the pid was given to somebody else, so nothing of its session is left
    found: list[int] = []
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        seen = keeper.started(pid)
        if seen and seen[2] == process.pid and seen[1] != "Z":
            found.append(pid)
    return found


async def stop(process: Process, grace_s: float) -> None:
    """SIGTERM to the whole session; after `grace_s` seconds SIGKILL to what is left. Returns when all are gone."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + grace_s
    _send(await asyncio.to_thread(session, process), signal.SIGTERM)
    while left := await asyncio.to_thread(session, process):
        if loop.time() >= deadline:
            _send(left, signal.SIGKILL)
        await asyncio.sleep(POLL_S)
    reap(process)


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def base_environment() -> dict[str, str]:
    """What a program is given of this process's own environment."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def last_lines(path: Path, lines: int, characters: int) -> str:
    """The end of what a program wrote, fit for a terminal; empty when it wrote nothing.

    What cannot be shown is a mark (U+FFFD). What was cut begins with "… " and a whole word: whoever takes secrets out
    (`engine.secrets`) finds what is left of one there, and could not find half a word of it.
    """
    written = _end_of(path)
    text = written.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    plain = "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text)
    if len(written) >= _END_BYTES:
        plain = _whole_words(plain)
    last = "\n".join(plain.strip().splitlines()[-lines:])
    return last if len(last) <= characters else _whole_words(last[len(_CUT) - characters :])


def _end_of(path: Path) -> bytes:
    """The last bytes of the output, which may have begun a new file a moment ago."""
    found = b""
    for one in (path, path.with_name(f"{path.name}.1")):
        with suppress(FileNotFoundError), one.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - (_END_BYTES - len(found)), 0))
            found = file.read() + found
        if len(found) >= _END_BYTES:
            break
    return found


def _whole_words(cut: str) -> str:
    """A text without the word it begins with, which may be the end of one, and a mark there; empty without a break."""
    rest = "".join(cut.split(maxsplit=1)[1:]) if cut[:1].strip() else cut.lstrip()
    return f"{_CUT}{rest}" if rest else ""
