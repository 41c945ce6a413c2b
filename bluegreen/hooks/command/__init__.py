"""Programs as steps of a release: each runs once under its key, whoever asks, and wherever they are killed.

Exactly who begins is decided by the file system: whoever takes the mark in the step's folder runs the program. What
has a mark, and neither a result nor a living process, was interrupted, and is not run again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from attrs import asdict

from bluegreen.errors import BackendError, PermanentBackendError
from bluegreen.hooks.command import keeper
from bluegreen.hooks.command.process import Process, alive, base_environment, last_lines, reap, session, spawn, stop
from bluegreen.snapshot import Key, Outcome
from bluegreen.spec import JSON

GRACE_S: Final = 5.0
"""A program that is cancelled has so long to end by itself."""
LINES, CHARACTERS = 20, 2000
"""So much of the end of its output is told."""
OUTPUTS_KEPT: Final = 50
"""The output of so many steps is kept, the newest; that they ran, and how they ended, is kept of all."""
_DEAD_CHILD = "the process that was to run it ended before it began"
_INTERRUPTED = "it was interrupted, nobody knows how far it came, and it is not run again"


class Commands:
    """The command hooks of one rollout, in a folder that lives as long as its record. Keeps the `Hooks` port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: dict[Key, Process] = {}

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        """Starts the program, detached. `argv` is what is run, `env` adds to PATH, HOME, LANG and BLUEGREEN_*."""
        argv, cwd, env = _argv(hook), _cwd(hook), _environment(hook)
        step = self._step(key)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        step.mkdir(mode=0o700, exist_ok=True)
        if (step / keeper.MARK).exists() or (key in self._children and alive(self._children[key])):
            return
        self._drop_outputs()
        job = {"folder": str(step), "argv": argv, "cwd": cwd, "env": sorted(env)}
        try:
            self._children[key] = spawn({**env, keeper.JOB: json.dumps(job)})
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno != errno.E2BIG:
                raise BackendError(f"no process can be started: {error.strerror}") from None
            raise PermanentBackendError(
                "its arguments or variables cannot be handed to a program", remedy="make them shorter, without NUL"
            ) from None

    async def poll(self, key: Key) -> Outcome | None:
        """How the program ended, None while it runs. Its value is `{"exitCode": 0, "output": the last lines}`.

        Raises `BackendError` when none was started under this key.
        """
        step, child = self._step(key), self._children.get(key)
        if not step.exists():
            raise BackendError("no step was started under this key")
        if child is not None and not alive(child):
            reap(child)
        if (mark := _read(step / keeper.MARK)) is None:
            if child is not None and alive(child):
                return None
            if keeper.take(step, 0):  # else it has begun since; nor must anybody begin it under this key from now on
                keeper.end(step, {"error": _DEAD_CHILD, "retry": True})
            mark = _read(step / keeper.MARK)
            assert mark is not None  # somebody has taken it, if not us
        ended = _read(step / keeper.END)
        if ended is None and alive(_process(mark)):
            return None
        ended = ended or _read(step / keeper.END) or await self._interrupted(step, mark)
        return _outcome(key, step, mark, ended)

    async def cancel(self, key: Key) -> None:
        """SIGTERM to the program and all it began, SIGKILL after 5 s. What has not begun yet never does."""
        step = self._step(key)
        if not step.exists() or (step / keeper.END).exists():
            return
        (step / keeper.CANCELLED).touch(mode=0o600)
        if keeper.take(step, 0):
            return
        if mark := _read(step / keeper.MARK):
            await stop(_process(mark), GRACE_S)

    async def _interrupted(self, step: Path, mark: Mapping[str, Any]) -> dict[str, Any]:
        """Writes down that nobody knows how it ended, and stops what may be left of it."""
        if session(_process(mark)):
            await stop(_process(mark), 0)
        if (ended := _read(step / keeper.END)) is None:
            keeper.end(step, {"error": _INTERRUPTED})
            ended = _read(step / keeper.END)
        return ended or {"error": _INTERRUPTED, "at": mark["at"]}

    def _step(self, key: Key) -> Path:
        """The folder of one step. People can read its name; the digest in it is what tells steps apart."""
        digest = hashlib.sha256(json.dumps(asdict(key), sort_keys=True).encode()).hexdigest()[:20]
        run = re.sub(r"[^A-Za-z0-9]+", "-", key.run)[:60]
        return self._folder / f"{key.attempt}-{run}-{key.number}-{digest}"

    def _drop_outputs(self) -> None:
        ended = sorted(self._folder.glob(f"*/{keeper.END}"), key=lambda path: path.stat().st_mtime)
        for path in ended[:-OUTPUTS_KEPT]:
            for name in (keeper.OUTPUT, f"{keeper.OUTPUT}.1"):
                path.with_name(name).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BackendError(f"{path} cannot be read: {type(error).__name__}") from error
    return content


def _process(mark: Mapping[str, Any]) -> Process:
    return Process(int(mark["pid"]), str(mark["started"]))


def _outcome(key: Key, step: Path, mark: Mapping[str, Any], ended: Mapping[str, Any]) -> Outcome:
    times = [datetime.fromtimestamp(float(one["at"]), UTC) for one in (mark, ended)]
    code, output = ended.get("exitCode"), last_lines(step / keeper.OUTPUT, LINES, CHARACTERS)
    cancelled = (step / keeper.CANCELLED).exists()  # whatever it says then: being stopped is no success
    if code == 0 and not cancelled:
        return Outcome(key, times[0], times[1], value={"exitCode": 0, "output": output})
    why = "cancelled" if cancelled else str(ended.get("error", ""))
    if code is not None and not cancelled:
        why = f"exit code {code}" if code > 0 else f"killed by signal {-code}"
    again = bool(ended.get("retry")) and not cancelled
    return Outcome(key, times[0], times[1], error=f"{why}: {output}" if output else why, retry=again)


def _argv(hook: Mapping[str, JSON]) -> list[str]:
    argv = hook.get("argv")
    if not isinstance(argv, list | tuple) or not argv or not all(isinstance(word, str) for word in argv):
        raise PermanentBackendError("a command hook has no program", remedy="argv is the program and its words")
    return list(argv)


def _cwd(hook: Mapping[str, JSON]) -> str:
    cwd = hook.get("cwd") or "."
    if not isinstance(cwd, str):
        raise PermanentBackendError("a command hook has a cwd that is no folder", remedy="cwd is a path")
    return os.path.abspath(cwd)


def _environment(hook: Mapping[str, JSON]) -> dict[str, str]:
    """The program's whole environment: nothing in it is the engine's own."""
    declared = hook.get("env") or {}
    if not isinstance(declared, Mapping):
        raise PermanentBackendError("a command hook has an env that is none", remedy="env is NAME: value")
    if bad := [name for name in declared if not name or "=" in name or name == keeper.JOB]:
        raise PermanentBackendError(f"{bad[0]!r} is no name for a variable", remedy="name it differently")
    about = hook.get("release") or {}
    names = ("rollout", "namespace", "revision", "stable", "attempt", "hook")
    release = {f"BLUEGREEN_{name.upper()}": str(about.get(name) or "") for name in names}
    return {**base_environment(), **{name: str(value) for name, value in declared.items()}, **release}
