"""From which phase to which: every change, those inside one decision included."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from bluegreen.decide.plan import Plan
from bluegreen.record import Record

Way = tuple[str, str]


def noted(ways: set[Way], before: Record, after: Record) -> None:
    """Adds the way from one record's phase to the other's, if they differ."""
    way = (type(before.phase).__name__, type(after.phase).__name__)
    if way[0] != way[1]:
        ways.add(way)


@contextmanager
def watched(ways: set[Way]) -> Generator[None]:
    """Adds every change of phase that decisions go through meanwhile, in this process."""
    slot: Any = Plan.__dict__["record"]

    def change(plan: Plan, record: Record) -> None:
        before = getattr(plan, "record", record)  # a plan in the making has none
        if before is not record:
            noted(ways, before, record)
        slot.__set__(plan, record)

    def read(plan: Plan) -> Record:
        record: Record = slot.__get__(plan, Plan)
        return record

    setattr(Plan, "record", property(read, change))  # noqa: B010 (a checker takes it for a plain field)
    try:
        yield
    finally:
        setattr(Plan, "record", slot)  # noqa: B010
