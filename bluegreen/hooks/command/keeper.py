"""Runs one command hook, in a process that outlives whoever started it. A program of its own: standard library alone.

    python -I -S keeper.py    with the job, as JSON, in the variable BLUEGREEN_JOB

The job's folder holds all that is known of it:

    begun         the mark: which process runs it, since when. Whoever takes it runs the program; nobody else ever does
    ended         the exit code, or why there is none
    output.log    what the program wrote last (and before that in output.log.1)
    cancelled     somebody asked for its end
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

JOB: Final = "BLUEGREEN_JOB"
MARK, END, OUTPUT, CANCELLED = "begun", "ended", "output.log", "cancelled"
LIMIT_BYTES: Final = 1024 * 1024
"""So much of the output is kept, and as much again of what came before it."""
_DRAIN_S: Final = 1.0
"""So long the output is waited for when the program has ended and something that it began holds it open."""


def started(pid: int) -> tuple[str, str, int] | None:
    """When a process began (its boot, and its clock ticks since then), its state, its session; None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    return f"{boot}:{fields[19]}", fields[0], int(fields[3])


def take(folder: Path, pid: int) -> bool:
    """Takes the mark for this process (0: for none, so that nobody ever runs it). False when somebody has it."""
    seen = started(pid) if pid else None
    mark = {"pid": pid, "started": seen[0] if seen else "", "at": time.time()}
    mine = folder / f"{MARK}.{os.getpid()}.{threading.get_ident()}"
    _write(mine, mark)
    try:
        os.link(mine, folder / MARK)  # with its content, or not at all
    except FileExistsError:
        return False
    finally:
        mine.unlink()
    _sync(folder)
    return True


def end(folder: Path, result: dict[str, Any]) -> None:
    """Writes down how it ended, durably."""
    mine = folder / f"{END}.{os.getpid()}"
    _write(mine, {**result, "at": time.time()})
    mine.rename(folder / END)
    _sync(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write(path: Path, content: dict[str, Any]) -> None:
    with open(path, "w", opener=_private) as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def copy(source: int, path: Path, limit: int = LIMIT_BYTES) -> None:
    """Copies what a program writes into a file that never grows over the limit; the one before it is kept."""
    size = 0
    while chunk := os.read(source, 65536):
        with suppress(OSError):  # a full disk must not hold the program up
            if size + len(chunk) > limit:
                path.rename(path.with_name(f"{path.name}.1"))
                size = 0
            with open(path, "ab", opener=_private) as file:
                file.write(chunk)
            size += len(chunk)


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Runs the program to its end, and says how that was."""
    folder, argv = Path(job["folder"]), job["argv"]
    try:
        program = subprocess.Popen(
            argv,
            cwd=job["cwd"],
            env={name: os.environ[name] for name in job["env"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds a NUL"
        return {"error": f"{argv[0][:80]} cannot be started in {job['cwd']}: {why}"}
    assert program.stdout is not None
    copying = threading.Thread(target=copy, args=(program.stdout.fileno(), folder / OUTPUT), daemon=True)
    copying.start()
    code = program.wait()
    copying.join(_DRAIN_S)
    return {"exitCode": code}


def main() -> None:
    """Takes the mark, runs the program, writes down how it ended; does nothing where somebody has the mark."""
    # It has to see the end of a program that is stopped with its whole group. A handler, unlike SIG_IGN, is not
    # handed on to the program.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    job = json.loads(os.environ[JOB])
    folder = Path(job["folder"])
    if take(folder, os.getpid()):
        end(folder, run(job))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # what the program left behind may still hold the output open
