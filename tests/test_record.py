"""The record: what is found in it, and for whom."""

from datetime import timedelta

from attrs import evolve

from bluegreen import Progressing, Record
from bluegreen.record import Approval, LayerMemory, Waiver, elapsed
from bluegreen.snapshot import RouterState, Slot
from tests.support.worlds import START, V1, V2


def test_a_new_record_remembers_nothing() -> None:
    record = Record.new(START)
    assert isinstance(record.phase, Progressing)
    assert not record.adopted
    assert (record.stable, record.current, record.previous, record.attempt) == (None, None, None, 0)
    assert record == Record(record.phase)


def test_a_layer_that_was_never_seen_has_a_blank_memory() -> None:
    record = evolve(Record.new(START), layers=(LayerMemory("outer", on=V1),))
    assert record.layer("outer").on == V1
    assert record.layer("inner") == LayerMemory("inner")


def test_an_approval_is_for_its_gate_its_revision_and_its_attempt() -> None:
    approval = Approval("check", V2, 3, "ann", START)
    record = evolve(Record.new(START), current=V2, attempt=3, approvals=(approval,))
    assert record.approved("check") is approval
    assert record.approved("other") is None
    assert evolve(record, current=V1).approved("check") is None
    assert evolve(record, attempt=4).approved("check") is None


def test_a_waiver_is_for_its_revision_and_its_attempt() -> None:
    waiver = Waiver(V2, 3, "promote-full", "ann", START)
    record = evolve(Record.new(START), current=V2, attempt=3, waiver=waiver)
    assert record.waived() is waiver
    assert evolve(record, current=V1).waived() is None
    assert evolve(record, attempt=4).waived() is None
    assert evolve(record, waiver=None).waived() is None


def test_time_passed_is_never_negative() -> None:
    later = START + timedelta(seconds=5)
    assert elapsed(START, later) == timedelta(seconds=5)
    assert elapsed(later, START) == timedelta(0)


def test_a_preview_slot_in_an_object_of_its_own_has_its_own_token() -> None:
    shared = RouterState(active=V1, version="a7")
    assert shared.token(Slot.ACTIVE) == shared.token(Slot.PREVIEW) == "a7"
    apart = evolve(shared, preview_version="p3")
    assert (apart.token(Slot.ACTIVE), apart.token(Slot.PREVIEW)) == ("a7", "p3")
