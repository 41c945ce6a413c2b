"""Whatever has become of the file that a rollout is kept in: what was saved, or our own error; and nothing is lost."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluegreen.backends.local import LocalRecords, Place, place
from bluegreen.backends.local.store import Store
from bluegreen.errors import BackendError, RecordError
from bluegreen.ports import Stored
from bluegreen.spec import RevisionId
from tests.fuzz.bounds import bounded
from tests.fuzz.shapes import damaged
from tests.support.worlds import released, rollout, template

pytestmark = pytest.mark.property
RECORD, ROLLOUT = released().memory, rollout("v2")


@contextmanager
def kept(data: bytes | None = None) -> Generator[Place]:
    """The place of a rollout whose file holds these bytes."""
    with tempfile.TemporaryDirectory() as folder:
        where = place(folder, "shop")
        where.create()
        if data is not None:
            where.database.write_bytes(data)
        yield where


async def saved(where: Place) -> None:
    """A record, a rollout, two revisions and their replicas are written to it."""
    records, store = LocalRecords(where), Store(where)
    try:
        await records.save(RECORD, ROLLOUT, if_version=(await records.load()).version)
        for image in ("v1", "v2"):
            revision = RevisionId(image)
            store.add(revision, template(image), command=("python", "app.py"), port=8080, folder="/")
            store.ensure(revision, 2)
    finally:
        records.close()
        store.close()


@cache
def whole() -> bytes:
    """The file of a rollout as it should be."""
    with kept() as where:
        asyncio.run(saved(where))
        with closing(sqlite3.connect(where.database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return where.database.read_bytes()


async def looked_at(where: Place) -> Stored:
    """All that is read of it."""
    records = LocalRecords(where)
    try:
        stored = await records.load()
    finally:
        records.close()
    store = Store(where)
    try:
        store.revisions()
        store.revision(RevisionId("v1"))
        store.replicas()
        store.replica(RevisionId("v1"), 1)
    finally:
        store.close()
    return stored


def check(data: bytes) -> Stored | None:
    """What is read of a file with these bytes; None when it is said to be unusable. Saving raises no other errors."""
    with kept(data) as where, bounded():
        try:
            return asyncio.run(looked_at(where))
        except (RecordError, BackendError) as error:
            said = str(error)
        assert len(said.split()) > 3, said
        with suppress(RecordError, BackendError):
            asyncio.run(saved(where))
        return None


@given(st.data())
def test_a_file_with_bytes_changed_is_read_or_refused(data: st.DataObject) -> None:
    bytes_ = bytearray(whole())
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, len(bytes_) - 1))
        new = data.draw(st.binary(min_size=1, max_size=200))
        bytes_[at : at + len(new)] = new
    check(bytes(bytes_))


@given(
    damaged(whole())
    | st.binary(max_size=200)
    | st.integers(0, 100).map(lambda share: whole()[: len(whole()) * share // 100])
)
def test_a_file_that_was_cut_is_read_or_refused(data: bytes) -> None:
    check(data)


CELLS = {
    "a number for a record": "UPDATE stored SET record = 7",
    "bytes for a record": "UPDATE stored SET record = x'fffe00'",
    "a text that is no UTF-8": "UPDATE stored SET record = CAST(x'7bfffe7d' AS TEXT)",
    "a text that is no UTF-8 for a rollout": "UPDATE stored SET rollout = CAST(x'7bfffe7d' AS TEXT)",
    "bytes for a rollout": "UPDATE stored SET rollout = x'7b7d'",
    "no row": "DELETE FROM stored",
    "no table": "DROP TABLE replicas",
    "a table with other columns": "ALTER TABLE stored RENAME COLUMN record TO memory",
    "a view for a table": "ALTER TABLE revisions RENAME TO r; CREATE VIEW revisions AS SELECT 1",
    "a template that is no JSON": "UPDATE revisions SET template = '{'",
    "a command that is a number": "UPDATE revisions SET command = '7'",
    "a command that is bytes": "UPDATE revisions SET command = x'ff'",
    "a replica without columns": "ALTER TABLE replicas DROP COLUMN reason",
}


@pytest.mark.parametrize("statement", CELLS.values(), ids=list(CELLS))
def test_a_cell_that_somebody_changed_is_read_or_refused(statement: str) -> None:
    with kept(whole()) as where:
        with closing(sqlite3.connect(where.database)) as connection:
            connection.executescript(statement)
        data = where.database.read_bytes()
    check(data)


def test_a_folder_in_the_place_of_the_file_is_said_to_be_unusable() -> None:
    with kept() as where:
        where.database.mkdir()
        with pytest.raises(RecordError, match="cannot be used"):
            asyncio.run(looked_at(where))


def test_a_file_that_is_refused_stays_as_it_is() -> None:
    data = whole()[:4096] + b"\xff" * (len(whole()) - 4096)
    with kept(data) as where:
        with pytest.raises((RecordError, BackendError)):
            asyncio.run(looked_at(where))
        assert where.database.read_bytes()[4096:] == data[4096:]


def test_a_file_as_it_should_be_is_read() -> None:
    stored = check(whole())
    assert stored is not None
    assert (stored.record, stored.rollout) == (RECORD, ROLLOUT)


def test_the_check_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bluegreen.backends.local.database.RecordDamaged", KeyError)
    with pytest.raises(KeyError):
        check(b"no database " * 100)
