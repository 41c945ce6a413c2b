"""The record and the Rollout beside it, in SQLite."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bluegreen.backends.local import LocalRecords, place
from bluegreen.errors import RecordConflict, RecordDamaged
from bluegreen.record import Record
from tests.local.support import MakeRollout

RECORD = Record.new(datetime(2026, 1, 2, tzinfo=UTC))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[LocalRecords]:
    """The records of a new rollout."""
    where = place(tmp_path, "shop")
    where.create()
    opened = LocalRecords(where)
    yield opened
    opened.close()


async def test_what_was_saved_is_loaded_by_another_process_s_eyes(
    records: LocalRecords, tmp_path: Path, make_rollout: MakeRollout
) -> None:
    empty = await records.load()
    assert (empty.record, empty.rollout) == (None, None)
    version = await records.save(RECORD, make_rollout(), if_version=empty.version)
    other = LocalRecords(place(tmp_path, "shop"))
    seen = await other.load()
    other.close()
    assert (seen.version, seen.record, seen.rollout) == (version, RECORD, make_rollout())


async def test_who_comes_second_loses_and_versions_never_repeat(records: LocalRecords) -> None:
    versions = [(await records.load()).version]
    for _ in range(5):
        versions.append(await records.save(RECORD, None, if_version=versions[-1]))
    assert len(set(versions)) == 6
    for stale in versions[:-1]:
        with pytest.raises(RecordConflict):
            await records.save(None, None, if_version=stale)
    assert (await records.load()).record == RECORD


async def test_a_write_of_another_process_is_noticed_within_a_second(records: LocalRecords, tmp_path: Path) -> None:
    await records.load()
    waiting = asyncio.create_task(records.changed())
    await asyncio.sleep(0.3)
    assert not waiting.done()
    script = (
        "import sys, asyncio; from bluegreen.backends.local import LocalRecords, place\n"
        "async def main():\n"
        "    records = LocalRecords(place(sys.argv[1], 'shop'))\n"
        "    await records.save(None, None, if_version=(await records.load()).version)\n"
        "asyncio.run(main())"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=20)
    began = time.monotonic()
    await asyncio.wait_for(waiting, 2)
    assert time.monotonic() - began < 1.0


async def test_a_write_between_the_load_and_the_wait_is_not_missed(records: LocalRecords, tmp_path: Path) -> None:
    loaded = await records.load()
    other = LocalRecords(place(tmp_path, "shop"))
    await other.save(RECORD, None, if_version=loaded.version)
    other.close()
    await asyncio.wait_for(records.changed(), 1)


async def test_a_record_that_is_none_is_refused_rather_than_half_understood(
    records: LocalRecords, tmp_path: Path
) -> None:
    with sqlite3.connect(place(tmp_path, "shop").database) as database:
        database.execute("""UPDATE stored SET record = '{"phase": 7}'""")
    database.close()
    with pytest.raises(RecordDamaged):
        await records.load()


def test_a_file_that_is_no_database_is_said_to_be_damaged_and_is_left_as_it_is(tmp_path: Path) -> None:
    where = place(tmp_path, "shop")
    where.create()
    where.database.write_bytes(b"not a database " * 1000)
    with pytest.raises(RecordDamaged, match=r"state\.db cannot be used: file is not a database"):
        LocalRecords(where)
    assert where.database.read_bytes().startswith(b"not a database")


def test_a_save_waits_for_the_disk(records: LocalRecords) -> None:
    connection = records._connection
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_nobody_else_may_look_into_the_folder(records: LocalRecords, tmp_path: Path) -> None:
    where = place(tmp_path, "shop")
    assert where.folder.stat().st_mode & 0o777 == 0o700
    assert where.database.stat().st_mode & 0o777 == 0o600
