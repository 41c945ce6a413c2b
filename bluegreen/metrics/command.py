"""A program as a measurement: a smoke test, a script, pytest.

    provider:
      command: {argv: [pytest, -q, smoke/], env: {URL: "http://127.0.0.1:8081"}, timeout: 2m, cwd: tests}

Without a condition, exit code 0 is a success.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from io import FileIO
from typing import Final

from attrs import frozen

from bluegreen.errors import BackendError, PermanentBackendError, Problem
from bluegreen.metrics.context import Context
from bluegreen.metrics.fields import Fields, problems_of, usable
from bluegreen.spec import JSON

OUTPUT_MAX: Final = 64 * 1024
"""So many bytes of what it prints are kept, the last ones; JSON has to be no longer than that."""
COMPLAINT_MAX: Final = 2_000
"""So many characters of what it says on its standard error are kept, the last ones."""
TIMEOUT_MAX_S: Final = 3600
_PASSED_ON: Final = ("PATH", "HOME", "LANG")
_DEPTH_MAX: Final = 40
_PIPE_LEFT_S: Final = 1.0
"""A child that outlives the program may hold its output open; nobody waits longer for it than this."""


@frozen
class _Query:
    argv: tuple[str, ...]
    env: Mapping[str, str]
    timeout_s: float
    cwd: str


class Command:
    """Runs a program in a session of its own, with no other environment than PATH, HOME, LANG and what is declared.

    The result is a map: `exitCode` (negative: the signal that ended it); `output`, what it printed on its standard
    output, as JSON when it is JSON, else as text, of which the last 64 KiB are kept; and `stderr`, the last 2,000
    characters of what it said on its standard error, U+FFFD in place of what cannot be printed. What is kept of more
    begins with a whole line, or if there is none, with a whole word. It is killed together with everything it started,
    when its time is up, when the measurement is cancelled, and what it left running when it ended.
    """

    SUCCESS_CONDITION = "result.exitCode == 0"

    def __init__(self, context: Context) -> None:
        self._context = context

    async def measure(self, query: Mapping[str, JSON]) -> JSON:
        """Raises `PermanentBackendError` when there is no such program or folder, `BackendError` when time is up."""
        asked = usable("command", query, _read)
        try:
            async with asyncio.timeout(asked.timeout_s):
                return await _run(asked)
        except TimeoutError:
            raise BackendError(f"the program did not end within {asked.timeout_s:g} s, and was killed") from None

    @staticmethod
    def check(query: Mapping[str, JSON]) -> Sequence[Problem]:
        """What is wrong with a query. Whether there is such a program is known when it is run."""
        return problems_of(query, _read)

    @staticmethod
    def takes_s(query: Mapping[str, JSON]) -> float:
        """How many seconds one run takes at most; a limit left to an argument counts as the longest there is."""
        fields = Fields(query, filled=False)
        asked = _read(fields)
        return (TIMEOUT_MAX_S if fields.open("timeout") else asked.timeout_s) + _PIPE_LEFT_S


def _read(fields: Fields) -> _Query:
    asked = _Query(
        fields.texts("argv", wanted=True),
        fields.pairs("env"),
        fields.seconds("timeout", 30, most=TIMEOUT_MAX_S),
        fields.text("cwd", "."),
    )
    if asked.argv and not asked.argv[0]:
        fields.wrong("the first of them is the program", "write its name", "argv", 0)
    for name in asked.env:
        if "=" in name:
            fields.wrong("the name of a variable has no =", "", "env", name)
    fields.no_others()
    return asked


class _Tail(asyncio.Protocol):
    """The end of what comes out of a pipe. `closed` is set once everybody has let go of its other end."""

    def __init__(self, most: int) -> None:
        self._most, self._kept = most, bytearray()
        self.cut = False
        self.closed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._kept += data
        if len(self._kept) > self._most:
            self.cut = True
            del self._kept[: -self._most]

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()

    def text(self) -> str:
        """What is kept, in whole lines or words."""
        text = self._kept.decode(errors="replace").strip()
        return _whole(text) if self.cut else text


async def _run(asked: _Query) -> JSON:
    """Runs it to its end, and says how it went. Nothing of it runs afterwards."""
    async with _tail(OUTPUT_MAX) as (said, output), _tail(4 * COMPLAINT_MAX) as (complained, errors):
        try:
            running = await _started(asked, output, errors)
        finally:
            output.close()
            errors.close()
        code = await _ended(running)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PIPE_LEFT_S):
                await said.closed.wait()
                await complained.closed.wait()
        text = said.text()
        return {
            "exitCode": code,
            "output": text if said.cut else _understood(text),
            "stderr": _printable(complained.text()),
        }


@asynccontextmanager
async def _tail(most: int) -> AsyncGenerator[tuple[_Tail, FileIO]]:
    """The end of what is written into a pipe, and where to write: until that is closed the pipe is open."""
    readable, writable = os.pipe()
    tail = _Tail(most)
    with FileIO(writable, "w") as sink:
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: tail, FileIO(readable))
        try:
            yield tail, sink
        finally:
            pipe.close()


async def _started(asked: _Query, output: FileIO, errors: FileIO) -> asyncio.subprocess.Process:
    env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        # A pipe of asyncio's own would make the program's end wait for whoever else holds the pipe.
        return await asyncio.create_subprocess_exec(
            *asked.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**env, **asked.env},
            cwd=asked.cwd,
            start_new_session=True,
        )
    except (FileNotFoundError, NotADirectoryError):
        remedy = "write the program's path, and a folder that exists"
        raise PermanentBackendError("there is no such program, or no such folder", remedy=remedy) from None
    except PermissionError:
        raise PermanentBackendError("the program may not be run", remedy="make it executable") from None
    except OSError as error:
        raise BackendError(f"the program could not be started: {error.strerror or type(error).__name__}") from None


async def _ended(running: asyncio.subprocess.Process) -> int:
    """Waits for its end, and kills what it left behind; when this is cut short, the program too."""
    try:
        return await running.wait()
    finally:
        _kill(running)
        await running.wait()


def _kill(running: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(running.pid, signal.SIGKILL)


def _whole(text: str) -> str:
    """What follows the first end of a line, or else of a word: the half before it may be half of a secret."""
    found = re.search(r"\n", text) or re.search(r"\s", text)
    return text[found.end() :].lstrip() if found else ""


def _printable(text: str) -> str:
    """The last lines, with nothing in them that a terminal would take for an order."""
    kept = _whole(text[-COMPLAINT_MAX - 1 :]) if len(text) > COMPLAINT_MAX else text
    return "".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in kept)


def _understood(text: str) -> JSON:
    """JSON where it is that, and not nested beyond what can be kept; else the text."""
    try:
        found: JSON = json.loads(text)
        return found if _depth(found) <= _DEPTH_MAX else text
    except (ValueError, RecursionError):
        return text


def _depth(value: JSON) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(one) for one in inner), default=0)
