"""Records and rollouts that are none, each refused for what is wrong with it, and never half understood."""

import json
import math
from datetime import UTC, datetime

import pytest

from bluegreen.codec import dump_record, load_record
from bluegreen.commands import set_image
from bluegreen.errors import RecordDamaged, SpecError
from bluegreen.spec import Analysis, Hook, HookPoint, Metric
from tests.fuzz.shapes import deep
from tests.fuzz.test_records_fuzz import check_record, check_rollout, decided, records, rollouts
from tests.support.worlds import V1, V2, changed, released, rollout

BOMBS = {
    "deep lists": deep(100_000),
    "deep maps": deep(100_000, '{"a":', "}"),
    "deep in a phase": '{"phase":' + deep(100_000) + "}",
    "just as deep as can be read": '{"phase":' + deep(900) + "}",
    "a long number": "1" * 10_000,
    "NaN": "NaN",
    "a byte order mark": "\ufeff{}",
    "half a character": '{"\ud800": 1}',
    "many fields": json.dumps({str(number): number for number in range(100_000)}),
    "no list of gates": '{"gates": null}',
    "gates without names": '{"gates": [[]]}',
    "a number of gates": '{"gates": 5}',
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=list(BOMBS))
def test_a_text_that_means_harm_is_refused(text: str) -> None:
    assert check_record(text) is None
    assert check_rollout(text) is None


@pytest.mark.parametrize("phase", ["Paused", "Promoting", "Healthy"])
def test_a_record_of_a_release_of_nothing_is_refused(phase: str) -> None:
    """It has all the fields that such a record has, and the rules rely on a revision that it does not name."""
    stored = next(one for one in records() if one["phase"]["phase"] == phase)
    for field in ("current", "stable") if phase == "Healthy" else ("current",):
        with pytest.raises(RecordDamaged, match="contradicts itself"):
            load_record(json.dumps({**stored, field: None}))


@pytest.mark.parametrize(
    ("later_s", "field", "value"),
    [
        (0, "layers", [{"name": "edge", "on": V2, "converged_at": "9999-12-31T23:59:59.999999+00:00"}]),
        (60, "retained", [{"revision": V1, "delay_s": 10**12, "since": "2026-01-01T12:00:00+00:00"}]),
    ],
)
def test_what_is_due_after_the_end_of_all_times_is_never_due(later_s: float, field: str, value: object) -> None:
    play = released()
    play.go(later_s)
    record = load_record(json.dumps({**json.loads(dump_record(play.memory)), field: value}))
    decided(play, record)


@pytest.mark.parametrize("moment", ["2026-01-01T00:00:00", "2026-01-01", "20260101", 1767225600])
def test_a_time_without_its_zone_is_refused(moment: object) -> None:
    """It could not be compared with the present."""
    assert check_record(json.dumps({**records()[0], "saved_at": moment})) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("attempt", "2"),
        ("attempt", 1.5),
        ("attempt", True),
        ("adopted", "no"),
        ("may_show", "abc"),
        ("waiver", []),
        ("stable", 7),
    ],
)
def test_a_value_of_a_wrong_type_is_never_taken_for_one_of_the_right_type(field: str, value: object) -> None:
    assert check_record(json.dumps({**records()[1], field: value})) is None


@pytest.mark.parametrize("levels", [60, 300, 900])
def test_a_value_nested_too_deep_to_be_written_again_is_refused(levels: int) -> None:
    stored = next(one for one in records() if one.get("outcomes"))
    value = json.loads(deep(levels))
    check_record(json.dumps({**stored, "outcomes": [{**stored["outcomes"][0], "value": value}]}))


@pytest.mark.parametrize("seconds", [math.nan, math.inf, 10**12, 1e300])
@pytest.mark.parametrize("field", ["settle_seconds", "drain_min_seconds", "scale_down_delay_seconds"])
def test_a_time_that_no_clock_can_wait_for_is_refused_when_it_is_declared(field: str, seconds: float) -> None:
    declared = rollout()
    with pytest.raises(SpecError, match=r"is (no number|too large)"):
        changed(declared, **{field: seconds})


@pytest.mark.parametrize("seconds", [math.nan, math.inf, 10**12, 1e300])
def test_so_is_the_deadline_of_a_hook_and_the_interval_of_a_metric(seconds: float) -> None:
    with pytest.raises(SpecError, match="no time that can be waited"):
        rollout(pre_promotion_analysis=Analysis((Metric("up", "numbers", count=2, interval_seconds=seconds),)))
    hook = Hook("migrate", HookPoint.BEFORE_PREVIEW, "command", deadline_seconds=10**12)
    with pytest.raises(SpecError, match="too large"):
        rollout(hooks=(hook,))


@pytest.mark.parametrize("number", ["NaN", "Infinity", '"2"', "true"])
def test_a_number_that_is_none_is_refused_where_it_is_stored(number: str) -> None:
    stored = json.dumps(rollouts()[1])
    assert '"settle_seconds": 0.5' in stored
    assert check_rollout(stored.replace('"settle_seconds": 0.5', f'"settle_seconds": {number}')) is None


def test_the_checks_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guard that lets Python's own errors through is found out, and so is a reader that guesses."""
    assert check_record(json.dumps(records()[0]))
    assert check_rollout(json.dumps(rollouts()[1]))
    with monkeypatch.context() as patch:
        patch.setattr("bluegreen.codec.RecordDamaged", ValueError)
        with pytest.raises(ValueError, match="not JSON"):
            check_record("{")
        with pytest.raises(ValueError, match="no list of names"):
            check_rollout(BOMBS["no list of gates"])
    with monkeypatch.context() as patch:
        patch.setattr("bluegreen.codec._moment", lambda _text: datetime.now(UTC))
        with pytest.raises(AssertionError):
            check_record(json.dumps(records()[1]))


@pytest.mark.parametrize("image", ["shop:\udcff", "shop\0", "shop:v2\n"])
def test_an_image_that_nothing_could_store_is_refused_before_it_is_declared(image: str) -> None:
    with pytest.raises(SpecError, match="is no name of an image"):
        set_image(rollout(), image)
