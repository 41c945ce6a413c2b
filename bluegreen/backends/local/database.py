"""The SQLite file of one rollout: the record, the applied Rollout, the revisions and their replicas."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

from bluegreen.errors import BackendError, BluegreenError, RecordDamaged

_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PASSING: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY)
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
    thread at a time, whichever it is. Raises `RecordDamaged` when the file is no such database, as every statement does
    for what is wrong further inside, and `BackendError` while somebody else holds it.
    """
    with typed(path):
        connection = sqlite3.connect(
            path, isolation_level=None, timeout=5.0, check_same_thread=False, factory=_connection_to(path)
        )
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        with typed(path):
            connection.executescript(_SCHEMA)
    except BluegreenError:
        connection.close()
        raise
    path.chmod(0o600)
    return connection


@contextmanager
def typed(path: Path) -> Generator[None]:
    """Whatever SQLite says against the file becomes an error of ours: it may pass when somebody else is writing."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter for its own words, when they quote the file
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says more about the same
        if code in _BUSY:
            raise BackendError(f"{path} is being written by another process: {error}") from error
        if code in _PASSING or isinstance(error, sqlite3.ProgrammingError):  # the latter: it has been closed
            raise BackendError(f"the database of the rollout cannot be used now: {error}") from error
        raise RecordDamaged(
            f"{path} cannot be used: {error}; nothing was done. Put a copy of it back, or delete the folder"
        ) from error


def _connection_to(path: Path) -> type[sqlite3.Connection]:
    """A connection whose statements and rows are `typed`: what is damaged further inside is met when it is read."""

    class Cursor(sqlite3.Cursor):
        def execute(self, *args: Any) -> Self:
            with typed(path):
                return super().execute(*args)

        def fetchone(self) -> Any:
            with typed(path):
                return super().fetchone()

        def fetchall(self) -> list[Any]:
            with typed(path):
                return super().fetchall()

        def __next__(self) -> Any:
            with typed(path):
                return super().__next__()

    class Connection(sqlite3.Connection):
        def execute(self, *args: Any) -> sqlite3.Cursor:
            return self.cursor(Cursor).execute(*args)

    return Connection


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
