"""Whatever a record's or a rollout's place holds: the very one that was written, or our own error."""

import json
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bluegreen import Record, Rollout
from bluegreen.codec import dump_record, dump_rollout, load_record, load_rollout
from bluegreen.decide import Decision, decide
from bluegreen.errors import RecordDamaged, RecordError, RecordFromTheFuture
from bluegreen.manifests import load_all
from bluegreen.record import SCHEMA
from tests.fuzz.bounds import bounded
from tests.fuzz.shapes import ANY_JSON, HUGE, damaged, edited, places, written
from tests.support.worlds import Play, healthy, released, rollout
from tests.test_codec import full, lived

pytestmark = pytest.mark.property


@cache
def records() -> tuple[dict[str, Any], ...]:
    """A record of each phase, as it is stored."""
    return tuple(json.loads(dump_record(one)) for one in lived())


@cache
def rollouts() -> tuple[dict[str, Any], ...]:
    """What is stored of rollouts: of one in a line, of one with everything in it, and of the examples."""
    shown = load_all("examples/article/with-load") + load_all("examples/minimal.yaml") + load_all("examples/demo")
    return tuple(json.loads(dump_rollout(one)) for one in (rollout(), full(), *shown))


def _said(error: RecordError) -> None:
    assert len(str(error).split()) > 3, f"{error!r} does not say in words what is wrong"


def check_record(text: str) -> Record | None:
    """The record that the text is, which comes back as it is; None when it is said to be none."""
    with bounded():
        try:
            record = load_record(text)
        except RecordError as error:
            _said(error)
            return None
    stored = dump_record(record)  # NaN in a query differs from itself, and its text does not
    assert dump_record(load_record(stored)) == stored
    return record


def check_rollout(text: str) -> Rollout | None:
    """The rollout that the text is, which comes back as it is; None when it is said to be none."""
    with bounded():
        try:
            declared = load_rollout(text)
        except RecordDamaged as error:
            _said(error)
            return None
    stored = dump_rollout(declared)
    assert dump_rollout(load_rollout(stored)) == stored
    return declared


TEXTS = st.one_of(st.text(), ANY_JSON.map(json.dumps))


@given(TEXTS)
def test_any_text_is_a_record_or_a_rollout_or_is_said_to_be_none(text: str) -> None:
    check_record(text)
    check_rollout(text)


@given(st.data())
def test_a_record_with_anything_changed_is_whole_or_refused(data: st.DataObject) -> None:
    check_record(json.dumps(data.draw(edited(data.draw(st.sampled_from(records()))))))


@given(st.data())
def test_a_record_with_some_bytes_changed_is_whole_or_refused(data: st.DataObject) -> None:
    stored = written(data.draw(st.sampled_from(records())))
    check_record(data.draw(damaged(stored)).decode(errors="surrogateescape"))


@given(st.data())
def test_a_rollout_with_anything_changed_is_whole_or_refused(data: st.DataObject) -> None:
    check_rollout(json.dumps(data.draw(edited(data.draw(st.sampled_from(rollouts()))))))


@given(st.data(), st.one_of(st.integers(SCHEMA + 1), st.sampled_from([HUGE, "2", None, 1.5, [1], {}])))
def test_a_record_from_the_future_is_known_by_its_schema_whatever_else_is_in_it(
    data: st.DataObject, schema: object
) -> None:
    stored = {**data.draw(edited(data.draw(st.sampled_from(records())))), "schema": schema, "novelty": 1}
    with pytest.raises(RecordFromTheFuture):
        load_record(json.dumps(stored))


LAST = datetime(8999, 12, 31)  # noqa: DTZ001  Hypothesis wants it so
"""Times beyond it have a test of their own."""
TIMES = st.one_of(
    st.datetimes(
        max_value=LAST, timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=23))])
    ).map(lambda moment: moment.isoformat()),
    st.sampled_from(["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00-14:00", "8999-12-31T23:59:59+00:00"]),
)
NEAR: st.SearchStrategy[Any] = st.one_of(
    ANY_JSON,
    st.integers(-2, 50),
    TIMES,
    st.sampled_from(["Aborted", "Healthy", "Degraded", "Progressing", "yes", "no", "edge", "layer:edge"]),
)
"""Values that may well fit where they stand."""
MOMENTS = frozenset(
    {"at", "since", "until", "asked_at", "converged_at", "off_since", "progressed_at", "saved_at", "dead_since"}
    | {"started_at", "finished_at"}
)


@cache
def plays() -> tuple[Play, ...]:
    """Releases at several moments."""
    begun = healthy(auto_promotion_enabled=False)
    begun.apply("v2")
    begun.step()
    paused = healthy(auto_promotion_enabled=False)
    paused.apply("v2")
    paused.go(30)
    return healthy(), released(), begun, paused


def decided(play: Play, record: Record) -> Decision:
    """What is decided on the world of the play, with another record."""
    return decide(play.rollout, record, play.look(), play.now)


@given(st.data())
def test_a_record_that_was_changed_and_still_fits_is_decided_on(data: st.DataObject) -> None:
    play = data.draw(st.sampled_from(plays()))
    stored = data.draw(edited(json.loads(dump_record(play.memory)), NEAR, most=2))
    if record := check_record(json.dumps(stored)):
        assume(all(abs(one.delay_s or 0) < 10**9 for one in record.retained))
        once = decided(play, record)
        check_record(dump_record(once.record))
        assert decided(play, record) == once


@given(st.data())
def test_a_record_whose_times_are_any_times_is_decided_on(data: st.DataObject) -> None:
    """A clock that was wrong when it was saved, or a person's edit."""
    play = data.draw(st.sampled_from(plays()))
    stored = json.loads(dump_record(play.memory))
    for path in places(stored):
        if path[-1] in MOMENTS and data.draw(st.integers(0, 2)) == 0:
            parent = stored
            for step in path[:-1]:
                parent = parent[step]
            parent[path[-1]] = data.draw(TIMES)
    if record := check_record(json.dumps(stored)):
        decided(play, record)
