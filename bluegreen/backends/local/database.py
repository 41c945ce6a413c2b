"""The SQLite file of one rollout: the record, the applied Rollout, the revisions and their replicas."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from bluegreen.errors import BackendError, RecordDamaged

POLL_S = 0.1
"""How often a watcher asks whether another process, or another part of this one, has written."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS stored (
    id INTEGER PRIMARY KEY CHECK (id = 1), version TEXT NOT NULL, record TEXT, rollout TEXT
);
CREATE TABLE IF NOT EXISTS revisions (
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, template TEXT NOT NULL,
    command TEXT NOT NULL, port INTEGER, folder TEXT NOT NULL, wanted INTEGER NOT NULL, version TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS replicas (
    revision TEXT NOT NULL, number INTEGER NOT NULL, port INTEGER NOT NULL DEFAULT 0,
    marker TEXT NOT NULL DEFAULT '', pid INTEGER NOT NULL DEFAULT 0, started TEXT NOT NULL DEFAULT '',
    started_at REAL NOT NULL DEFAULT 0, ready_since REAL, crashes INTEGER NOT NULL DEFAULT 0,
    next_start REAL NOT NULL DEFAULT 0, leaving INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (revision, number)
);
CREATE TABLE IF NOT EXISTS ports (port INTEGER PRIMARY KEY, used_at REAL NOT NULL);
"""


def connect(path: Path, *, durable: bool) -> sqlite3.Connection:
    """The database, made if it is new. `durable`: a commit survives a power cut, else only the death of processes.

    Every statement is a transaction of its own unless it is inside `BEGIN IMMEDIATE` and `COMMIT`. May be used by one
    thread at a time, whichever it is. Raises `RecordDamaged` when the file is no such database.
    """
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        connection.executescript(_SCHEMA)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise RecordDamaged(
            f"{path} cannot be used: {error}; nothing was done. Put a copy of it back, or delete the folder"
        ) from error
    path.chmod(0o600)
    return connection


@contextmanager
def errors_in_words() -> Generator[None]:
    """Makes a `BackendError` of what the database reports inside: it is locked, say, or the disk is full."""
    try:
        yield
    except sqlite3.Error as error:
        raise BackendError(f"the database of the rollout cannot be used now: {error}") from error


class Watch:
    """Tells when anybody wrote to the database since the last `mark`, through a connection that only looks."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, durable=False)
        self._seen = -1

    def mark(self) -> None:
        """From now on only newer writes count."""
        self._seen = self._version()

    async def changed(self, timeout_s: float | None = None) -> None:
        """Returns once there is a write newer than the mark, or after the time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._version() == self._seen:  # noqa: ASYNC110  another process rings no bell
                    await asyncio.sleep(POLL_S)

    def close(self) -> None:
        """Closes its connection."""
        self._connection.close()

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
