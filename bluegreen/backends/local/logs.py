"""What replicas write: a file each, bounded, with the one before it kept."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from attrs import frozen

from bluegreen.backends.local.places import Place
from bluegreen.spec import RevisionId

LIMIT_BYTES = 4 * 1024 * 1024
_NAME = re.compile(r"(?P<revision>[^/]+)-(?P<number>\d+)\.log")
_UNPRINTABLE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[^\t\x20-\x7e\u00a0-\U0010ffff]")


@frozen
class ReplicaLog:
    """The log of one replica, of all its lives. Older output is beside it, in `PATH.1`."""

    revision: RevisionId
    number: int
    path: Path


def log_path(place: Place, revision: RevisionId, number: int) -> Path:
    """Where this replica writes."""
    return place.logs / f"{revision}-{number}.log"


def replica_logs(place: Place, revision: RevisionId | None = None) -> list[ReplicaLog]:
    """The logs that there are, of one revision or of all, by revision and number."""
    found: list[ReplicaLog] = []
    for path in place.logs.glob("*.log"):
        match = _NAME.fullmatch(path.name)
        if match and revision in (None, match["revision"]):
            found.append(ReplicaLog(RevisionId(match["revision"]), int(match["number"]), path))
    return sorted(found, key=lambda one: (one.revision, one.number))


def tail(path: Path, lines: int) -> list[str]:
    """The last so many lines, of at most the last 64 KiB; nothing when there is no file."""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - 65536, 0))
            return file.read().decode(errors="replace").splitlines()[-lines:] if lines > 0 else []
    except FileNotFoundError:
        return []


def last_line(path: Path) -> str:
    """The last line that is not blank, cleaned for a terminal and cut to 200 letters; empty when there is none."""
    written = [line for line in tail(path, 20) if line.strip()]
    return _UNPRINTABLE.sub("", written[-1]).strip()[:200] if written else ""


def bound(path: Path, limit: int = LIMIT_BYTES) -> None:
    """Moves a log that has grown over the limit to `PATH.1`, dropping the one that was there.

    The writer keeps its open file, so its content is copied and cut; a line written in between may be lost.
    """
    try:
        if path.stat().st_size <= limit:
            return
    except FileNotFoundError:
        return
    shutil.copyfile(path, path.with_name(path.name + ".1"))
    os.truncate(path, 0)


def remove(place: Place, revision: RevisionId) -> None:
    """Deletes the logs of a revision."""
    for log in replica_logs(place, revision):
        log.path.unlink(missing_ok=True)
        log.path.with_name(log.path.name + ".1").unlink(missing_ok=True)


async def follow(
    place: Place, revision: RevisionId | None = None, *, lines: int = 10, poll_s: float = 0.2
) -> AsyncIterator[tuple[ReplicaLog, str]]:
    """The last `lines` of each log, and then every new line as it is written, for ever. New replicas join in."""
    places: dict[Path, int] = {}
    first = True
    while True:
        for log in replica_logs(place, revision):
            if log.path not in places:
                for line in tail(log.path, lines) if first else ():
                    yield log, line
                places[log.path] = log.path.stat().st_size if first else 0
            for line in _new_lines(log.path, places):
                yield log, line
        first = False
        await asyncio.sleep(poll_s)


def _new_lines(path: Path, places: dict[Path, int]) -> list[str]:
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) < places[path]:
                places[path] = 0  # it was cut
            file.seek(places[path])
            text = file.read()
    except FileNotFoundError:
        return []
    whole = text[: text.rfind(b"\n") + 1]
    places[path] += len(whole)
    return whole.decode(errors="replace").splitlines()
