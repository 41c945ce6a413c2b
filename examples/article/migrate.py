"""The migration that runs before the new revision exists: it expands the schema, so that old and new can live with it.

    python -m examples.article.migrate my-app.db

Each step is made once, and says so; a step only adds. What a step would take away waits for a later release, when no
revision that could come back needs it any more. A failure leaves the database as it was, and the release ends before it
began.
"""

from __future__ import annotations

import os
import sqlite3
import sys

STEPS = (
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL)",
    "ALTER TABLE orders ADD COLUMN note TEXT",  # may be empty: the revision before this one does not know it
)


def migrate(path: str) -> int:
    """Brings the database up to the last step, in one transaction; returns how many steps that took."""
    database = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        database.execute("BEGIN IMMEDIATE")  # whoever comes second waits, and finds it done
        (done,) = database.execute("PRAGMA user_version").fetchone()
        for step in STEPS[done:]:
            database.execute(step)
        database.execute(f"PRAGMA user_version = {len(STEPS)}")
        database.execute("COMMIT")
        return max(len(STEPS) - int(done), 0)
    finally:
        database.close()  # what was not committed is undone


if __name__ == "__main__":
    print(f"{migrate(sys.argv[1])} steps for {os.environ.get('BLUEGREEN_REVISION', 'nobody')}")
