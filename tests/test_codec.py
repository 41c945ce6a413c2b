"""The record and the rollout as JSON: whole, compact, and never half understood."""

import json
import math
from typing import Any, get_args

import pytest
from attrs import evolve, fields

from bluegreen import Record, Rollout, commands
from bluegreen.codec import dump_record, dump_rollout, load_record, load_rollout
from bluegreen.errors import RecordDamaged, RecordFromTheFuture
from bluegreen.gates import Stage, Yes
from bluegreen.record import Phase, Request, Waiver, Write
from bluegreen.snapshot import Key
from bluegreen.spec import Analysis, LocalSpec, Metric, OnFailure, ProbeSpec, RouterSpec, Service, ServicePort
from bluegreen.values import encoded
from tests.support.worlds import START, V1, V2, Does, Play, Says, healthy, measuring, released, rollout


def lived() -> list[Record]:
    """Records of all phases, with every field in use in some of them."""
    play = healthy(auto_promotion_enabled=False, gates=(Does("check", measuring),))
    records = [Record.new(START), play.memory]
    play.apply("v2")
    play.go(5)
    records.append(play.memory)
    play.finish(Key(V2, 2, "check", "errors"), value={"p99": [0.1, None, "x"]})
    play.go(5)
    play.command(commands.promote)
    records.append(play.memory)
    while not play.memory.outstanding:
        play.step(act=False)
    records.append(play.memory)
    play.command(commands.abort)
    play.command(commands.retry)
    records.append(play.memory)
    late = released()
    records += [late.memory, *analysed()]
    late.command(commands.abort)
    late.go(3)
    waived = evolve(late.memory, waiver=Waiver(V2, 1, "promote-full", "ann", START), dead_since=START)
    records += [late.memory, evolve(waived, request=Request("retry", V2, "ann", START))]
    return records


def analysed() -> list[Record]:
    """Records of a release that is measured, with runs of earlier attempts."""
    both = Metric("p99", "numbers", {"q": "{{revision}}"}, "result.preview[0] > 0", count=2, interval_seconds=10)
    play = healthy()
    play.apply("v2", pre_promotion_analysis=Analysis((both, Metric("up", "numbers", consecutive_error_limit=0))))
    play.go(3)
    play.finish(Key(V2, 2, "prePromotionAnalysis", "p99/preview"), value=encoded([0.5, math.nan, math.inf]))
    play.go(1)
    records = [play.memory]
    play.finish(Key(V2, 2, "prePromotionAnalysis", "up"), error="connection refused")
    play.go(5)
    play.command(commands.retry)
    play.go(5)
    assert play.memory.runs
    return [*records, play.memory]


def test_every_record_comes_back_as_it_was() -> None:
    for record in lived():
        assert load_record(dump_record(record)) == record


def test_the_records_above_use_every_field_and_every_phase() -> None:
    """So that the round trip above proves something."""
    records = lived()
    blank = Record.new(START)
    for one in fields(Record):
        if one.name not in ("schema", "phase"):
            assert any(getattr(record, one.name) != getattr(blank, one.name) for record in records), one.name
    assert {type(record.phase) for record in records} == set(get_args(Phase))


def test_what_is_decided_on_a_record_is_decided_on_it_after_a_restart() -> None:
    play = healthy(auto_promotion_seconds=5)
    play.apply("v2")
    for _ in range(15):
        before = play.decide()
        play.record = load_record(dump_record(play.memory))
        assert play.decide() == before
        play.step()
        play.seconds += 1


def test_a_settled_record_is_small() -> None:
    play = healthy()
    for number in range(2, 40):
        play.apply(f"v{number}")
        play.go(60)
    assert len(dump_record(play.memory)) < 6_000


def test_defaults_are_left_out() -> None:
    text = dump_record(Record.new(START))
    assert "approvals" not in text
    assert "\n" not in text
    assert ": " not in text


def test_a_record_from_a_newer_version_is_not_touched() -> None:
    data = json.loads(dump_record(healthy().memory))
    with pytest.raises(RecordFromTheFuture, match="upgrade bluegreen"):
        load_record(json.dumps({**data, "schema": 2, "novelty": 1}))


@pytest.mark.parametrize("schema", ["2", None, [1]])
def test_a_schema_that_is_no_number_is_not_touched(schema: object) -> None:
    with pytest.raises(RecordFromTheFuture):
        load_record(json.dumps({"schema": schema}))


def damaged(**changes: Any) -> str:
    """A good record with other fields."""
    return json.dumps({**json.loads(dump_record(released().memory)), **changes})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        damaged(unknown=1),
        damaged(attempt="many"),
        damaged(phase={"phase": "Dreaming", "since": "2026-01-01T00:00:00+00:00"}),
        damaged(phase={"phase": "Healthy"}),
        damaged(outstanding=[{"object": "layer:edge"}]),
        damaged(saved_at="yesterday"),
    ],
)
def test_a_damaged_record_is_reported_as_that(text: str) -> None:
    with pytest.raises(RecordDamaged):
        load_record(text)


def test_the_report_names_the_place() -> None:
    with pytest.raises(RecordDamaged, match="outstanding"):
        load_record(damaged(outstanding=[{"object": "layer:edge", "token": "v1", "extra": 1}]))


def full() -> Rollout:
    """A rollout with something in every corner."""
    return rollout(
        routers=(
            RouterSpec("service", "edge", {"a": [1, {"b": None}]}, ProbeSpec("http://127.0.0.1/healthz")),
            RouterSpec("istio", "mesh"),
        ),
        preview_service="shop-preview",
        preview_replica_count=1,
        anti_affinity={"required": {}},
        scale_down_delay_revision_limit=2,
        rollback_window_revisions=3,
        on_failure=OnFailure.FREEZE,
        settle_seconds=0.5,
        local=LocalSpec(("python", "app.py"), {"shop": "127.0.0.1:8080"}),
        services=(Service("shop", (ServicePort(80, "http", "web"), ServicePort(81, 8081)), {"app": "shop"}),),
        paused=True,
    )


@pytest.mark.parametrize("declared", [rollout(), full()])
def test_every_rollout_comes_back_as_it_was(declared: Rollout) -> None:
    assert load_rollout(dump_rollout(declared)) == declared


def test_gates_of_ones_own_are_kept_by_name_and_found_again() -> None:
    gates = (Says("check"), Says("verify", Yes("ok"), Stage.POST_PROMOTION))
    declared = rollout(gates=gates)
    assert load_rollout(dump_rollout(declared), (*reversed(gates), Says("other"))) == declared


def test_a_gate_that_this_program_does_not_have_is_never_skipped() -> None:
    with pytest.raises(RecordDamaged, match="check"):
        load_rollout(dump_rollout(rollout(gates=(Says("check"), Says("verify")))), (Says("verify"),))


@pytest.mark.parametrize("change", [{"replicas": -1}, {"unknown": 1}, {"strategy": {}}, {"gates": "check"}])
def test_a_damaged_rollout_is_reported_as_that(change: dict[str, object]) -> None:
    with pytest.raises(RecordDamaged):
        load_rollout(json.dumps({**json.loads(dump_rollout(rollout())), **change}))


def test_writes_and_retained_revisions_survive_by_name() -> None:
    play = Play()
    play.go(10)
    record = evolve(play.memory, outstanding=(Write("layer:edge", "v7"), Write(f"revision:{V1}", "v9")))
    assert load_record(dump_record(record)).outstanding == record.outstanding
