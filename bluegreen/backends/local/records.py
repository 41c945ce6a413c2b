"""The record and the applied Rollout, side by side in SQLite."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from bluegreen.backends.local import database
from bluegreen.backends.local.places import Place
from bluegreen.codec import dump_record, dump_rollout, load_record, load_rollout
from bluegreen.errors import BluegreenError, RecordConflict, RecordDamaged
from bluegreen.gates import Gate
from bluegreen.ports import Stored
from bluegreen.record import Record
from bluegreen.spec import Rollout


class LocalRecords:
    """Keeps the promises of `Records`. Any number of processes may use it, with or without the driver's lock.

    `gates` are the gates written in code, which the stored Rollout names.
    """

    def __init__(self, place: Place, gates: Sequence[Gate] = ()) -> None:
        self._gates = tuple(gates)
        self._connection = database.connect(place.database, durable=True)
        try:
            token = secrets.token_hex(8)
            self._connection.execute("INSERT OR IGNORE INTO stored (id, version) VALUES (1, ?)", (token,))
            self._watch = database.Watch(place.database)
        except BluegreenError:
            self._connection.close()
            raise
        self._seen = ""

    async def load(self) -> Stored:
        self._watch.mark()
        row = self._connection.execute("SELECT version, record, rollout FROM stored").fetchone()
        if row is None or not all(isinstance(row[name], str | None) for name in ("record", "rollout")):
            raise RecordDamaged("what is stored of the rollout is no text; nothing was done")
        self._seen = str(row["version"])
        record = load_record(row["record"]) if row["record"] is not None else None
        rollout = load_rollout(row["rollout"], self._gates) if row["rollout"] is not None else None
        return Stored(self._seen, record, rollout)

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        version = secrets.token_hex(8)
        texts = dump_record(record) if record else None, dump_rollout(rollout) if rollout else None
        cursor = self._connection.execute(
            "UPDATE stored SET version = ?, record = ?, rollout = ? WHERE version = ?", (version, *texts, if_version)
        )
        if cursor.rowcount != 1:
            raise RecordConflict("the record was saved by somebody else since it was read")
        return version

    async def changed(self) -> None:
        """Returns once the stored version is another than the one loaded last; within 0.1 s of the write."""
        while self._version() == self._seen:
            await self._watch.changed()
            self._watch.mark()

    def close(self) -> None:
        """Closes the database."""
        self._watch.close()
        self._connection.close()

    def _version(self) -> str:
        return str(self._connection.execute("SELECT version FROM stored").fetchone()[0])
