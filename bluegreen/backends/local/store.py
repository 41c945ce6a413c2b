"""What is known of revisions and replicas, in SQLite: whoever drives next goes on from here."""

from __future__ import annotations

import hashlib
import json
import secrets
import socket
import sqlite3
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from attrs import fields, frozen

from bluegreen.backends.local import database
from bluegreen.backends.local.places import Place
from bluegreen.backends.local.process import Process, alive
from bluegreen.errors import Conflict, RecordDamaged
from bluegreen.spec import JSON, RevisionId

PORT_REST_S = 600.0
"""A port is not given to another replica for so long: a proxy may still think it is the old one's."""


@frozen
class RevisionRow:
    """A revision, and all that is needed to start a replica of it again. `wanted`: how many it should have."""

    id: RevisionId
    ordinal: int
    template: Mapping[str, JSON]
    command: tuple[str, ...]
    port: int | None
    folder: str
    wanted: int
    version: str


@frozen
class ReplicaRow:
    """A replica. Times are wall-clock seconds. `marker` without a pid: its start was never seen to end.

    `ready_since` None: not ready. `next_start`: not before then is it started again. `leaving`: it is being stopped.
    """

    revision: RevisionId
    number: int
    port: int
    marker: str
    pid: int
    started: str
    started_at: float
    ready_since: float | None
    crashes: int
    next_start: float
    leaving: int
    reason: str

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"127.0.0.1:{self.port}"

    @property
    def process(self) -> Process | None:
        """Its process, dead or alive; None when none was written down."""
        return Process(self.pid, self.started) if self.pid else None


def revision_of(template: Mapping[str, JSON]) -> RevisionId:
    """The revision that a template makes: ten letters of a hash of its content. The same for ever."""
    text = json.dumps(template, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return RevisionId(hashlib.sha256(text.encode()).hexdigest()[:10])


class Store:
    """The tables. Every method is one transaction, and takes a fraction of a millisecond."""

    def __init__(self, place: Place) -> None:
        self._connection = database.connect(place.database, durable=False)

    def close(self) -> None:
        """Closes the database."""
        self._connection.close()

    def revisions(self) -> list[RevisionRow]:
        """All revisions, oldest first."""
        return [_revision(row) for row in self._connection.execute("SELECT * FROM revisions ORDER BY ordinal")]

    def revision(self, revision: RevisionId) -> RevisionRow | None:
        """One revision, if it is known."""
        row = self._connection.execute("SELECT * FROM revisions WHERE id = ?", (revision,)).fetchone()
        return _revision(row) if row else None

    def replicas(self) -> list[ReplicaRow]:
        """All replicas, those that are leaving included."""
        return [_replica(row) for row in self._connection.execute("SELECT * FROM replicas ORDER BY revision, number")]

    def running(self) -> list[str]:
        """The addresses of the replicas whose process runs."""
        return [one.address for one in self.replicas() if one.process is not None and alive(one.process)]

    def replica(self, revision: RevisionId, number: int) -> ReplicaRow | None:
        """One replica, if it is there."""
        sql = "SELECT * FROM replicas WHERE revision = ? AND number = ?"
        row = self._connection.execute(sql, (revision, number)).fetchone()
        return _replica(row) if row else None

    def add(
        self,
        revision: RevisionId,
        template: Mapping[str, JSON],
        *,
        command: tuple[str, ...],
        port: int | None,
        folder: str,
    ) -> None:
        """A new revision, without replicas; one that is known stays as it is."""
        self._connection.execute(
            "INSERT OR IGNORE INTO revisions (id, template, command, port, folder, wanted, version)"
            " VALUES (?, ?, ?, ?, ?, 0, ?)",
            (revision, json.dumps(template), json.dumps(command), port, folder, secrets.token_hex(8)),
        )

    def ensure(self, revision: RevisionId, replicas: int) -> None:
        """At least so many replicas, and always a new version. Raises `Conflict` when the revision is gone."""
        with self._transaction():
            row = self.revision(revision)
            if row is None:
                raise Conflict(f"revision {revision} is gone")
            wanted = max(row.wanted, replicas)
            here = [one.number for one in self.replicas() if one.revision == revision]
            staying = sum(not one.leaving for one in self.replicas() if one.revision == revision)
            first = 1 + max(here, default=0)
            for number in range(first, first + wanted - staying):
                values = (revision, number, "is about to start")
                self._connection.execute("INSERT INTO replicas (revision, number, reason) VALUES (?, ?, ?)", values)
            self._want(revision, wanted)

    def retire(self, revision: RevisionId, replicas: int, if_version: str) -> None:
        """At most so many replicas; those that must go are marked, unready and young ones first."""
        with self._transaction():
            row = self._expect(revision, if_version)
            staying = [one for one in self.replicas() if one.revision == revision and not one.leaving]
            staying.sort(key=lambda one: (one.ready_since is None, one.number))
            for one in staying[replicas:]:
                self.update(one, leaving=1, ready_since=None, reason="is being stopped")
            self._want(revision, min(row.wanted, replicas))

    def forget(self, revision: RevisionId, if_version: str) -> None:
        """Drops a revision that has no replicas left. Raises `Conflict` when it has, or its version differs."""
        with self._transaction():
            if self.revision(revision) is None:
                return
            self._expect(revision, if_version)
            if any(one.revision == revision for one in self.replicas()):
                raise Conflict(f"revision {revision} still has replicas")
            self._connection.execute("DELETE FROM revisions WHERE id = ?", (revision,))

    def update(self, replica: ReplicaRow, **values: float | str | None) -> None:
        """Changes some columns of a replica's row; nothing when it is gone, or has these values already."""
        now = self.replica(replica.revision, replica.number)
        changes = {name: value for name, value in values.items() if now and getattr(now, name) != value}
        if changes:
            assignments = ", ".join(f"{name} = ?" for name in changes)
            self._connection.execute(
                f"UPDATE replicas SET {assignments} WHERE revision = ? AND number = ?",
                (*changes.values(), replica.revision, replica.number),
            )

    def remove(self, replica: ReplicaRow) -> None:
        """The replica is no more."""
        sql = "DELETE FROM replicas WHERE revision = ? AND number = ?"
        self._connection.execute(sql, (replica.revision, replica.number))

    def new_port(self) -> int:
        """A free port of this machine that no replica had lately."""
        now = time.time()
        self._connection.execute("DELETE FROM ports WHERE used_at NOT BETWEEN ? AND ?", (now - PORT_REST_S, now + 60))
        while True:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            used = self._connection.execute("INSERT OR IGNORE INTO ports VALUES (?, ?)", (port, now))
            if used.rowcount:
                return port

    def _expect(self, revision: RevisionId, version: str) -> RevisionRow:
        row = self.revision(revision)
        if row is None or row.version != version:
            raise Conflict(f"revision {revision} changed since it was read")
        return row

    def _want(self, revision: RevisionId, replicas: int) -> None:
        sql = "UPDATE revisions SET wanted = ?, version = ? WHERE id = ?"
        self._connection.execute(sql, (replicas, secrets.token_hex(8), revision))

    @contextmanager
    def _transaction(self) -> Generator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _revision(row: sqlite3.Row) -> RevisionRow:
    with _whole("revision"):
        return RevisionRow(
            id=RevisionId(row["id"]),
            ordinal=row["ordinal"],
            template=json.loads(row["template"]),
            command=tuple(json.loads(row["command"])),
            port=row["port"],
            folder=row["folder"],
            wanted=row["wanted"],
            version=row["version"],
        )


def _replica(row: sqlite3.Row) -> ReplicaRow:
    with _whole("replica"):
        return ReplicaRow(**{one.name: row[one.name] for one in fields(ReplicaRow)})


@contextmanager
def _whole(what: str) -> Generator[None]:
    """A row that somebody else changed is no row of ours."""
    try:
        yield
    except (IndexError, TypeError, ValueError, RecursionError) as error:
        raise RecordDamaged(f"what is stored of a {what} cannot be read: {error}; nothing was done") from error
