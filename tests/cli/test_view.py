"""What people are shown of a rollout: who has the traffic, why it waits, what cannot be seen, and no secret."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve
from rich.console import Console

from bluegreen import Degraded, Healthy, Paused, Record, Rollout, RouterState, Snapshot
from bluegreen.cli.lines import Reasons, changes
from bluegreen.cli.render import countdown, tree
from bluegreen.cli.view import View, summary, view_of
from bluegreen.record import PauseReason, Reason, Retained
from bluegreen.snapshot import (
    EVERYTHING,
    Foreign,
    LayerSeen,
    Observed,
    RevisionState,
    Shown,
    Trouble,
    Unobserved,
    WorkloadsState,
)
from bluegreen.spec import BlueGreen, RevisionId

NOW = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
OLD, NEW = RevisionId("aaa"), RevisionId("bbb")
ENV = [{"name": "PASSWORD", "value": "correct-horse"}]
ROLLOUT = Rollout("shop", BlueGreen("shop"), replicas=2)


def template(image: str) -> dict[str, object]:
    """A pod template with a secret in it."""
    return {"spec": {"containers": [{"name": "shop", "image": image, "env": ENV, "args": ["--key=correct-horse"]}]}}


def state(revision: RevisionId, ordinal: int, available: int = 2, **more: Any) -> RevisionState:
    """A revision of two replicas."""
    made = RevisionState(revision, ordinal, 2, available, "v1", addresses=("127.0.0.1:1",) * available)
    return evolve(made, template=template(f"shop:v{ordinal}"), **more)


def look(shown: Shown, *revisions: RevisionState, declared: RevisionId = NEW) -> Snapshot:
    """One layer and these revisions."""
    layer = LayerSeen("edge", Observed(RouterState(shown, "v1", probed=True), NOW))
    return Snapshot(Observed(WorkloadsState(declared, revisions), NOW), (layer,), NOW)


PAUSED = Record(Paused(NEW, NOW, PauseReason.PERSON, "waits"), stable=OLD, current=NEW, attempt=2)
BOTH = look(OLD, state(OLD, 1), state(NEW, 2))


def view(record: Record | None = PAUSED, snapshot: Snapshot = BOTH, *, driver: int | None = 42) -> View:
    """The rollout at noon."""
    return view_of(ROLLOUT, record, snapshot, NOW, driver)


def drawn(shown: View, now: datetime = NOW) -> str:
    """The tree, as text."""
    console = Console(width=200, record=True, color_system=None, file=None)
    with console.capture() as captured:
        console.print(tree(shown, now))
    return captured.get()


def test_the_tree_says_who_has_the_traffic_and_what_is_waited_for() -> None:
    text = drawn(view())
    assert "shop  Paused (BlueGreenPause)  waits" in text
    assert "driven by process 42" in text
    assert "layer edge  live traffic on revision 1 (aaa)" in text
    assert "revision 2 (bbb)  shop:v2  current  2 of 2 available" in text
    assert "revision 1 (aaa)  shop:v1  stable, live  2 of 2 available" in text
    assert "replica at 127.0.0.1:1" in text


def test_nothing_of_a_template_is_shown_but_its_images() -> None:
    everything = drawn(view()) + json.dumps(view().data()) + summary(view()) + "".join(changes(None, view()))
    assert "shop:v2" in everything
    assert "correct-horse" not in everything


def test_countdowns_run() -> None:
    clock = evolve(PAUSED, phase=Paused(NEW, NOW, PauseReason.CLOCK, "waits", until=NOW + timedelta(seconds=90)))
    assert "goes on in 1 min 30 s" in drawn(view(clock))
    assert "goes on in 30 s" in drawn(view(clock), NOW + timedelta(seconds=60))
    kept = Record(Healthy(NEW, NOW), stable=NEW, current=NEW, previous=OLD, retained=(Retained(OLD, 20, NOW),))
    assert "retires in 20 s" in drawn(view(kept))
    assert countdown(NOW, NOW) == "any moment"
    assert countdown(None, NOW) == ""


def test_what_cannot_be_seen_is_said_and_never_shown_as_nothing() -> None:
    unseen = Unobserved(NOW, "connection refused")
    blind = Snapshot(unseen, (LayerSeen("edge", unseen),), NOW)
    text = drawn(view(snapshot=blind))
    assert "cannot look at the workloads: connection refused" in text
    assert "layer edge  cannot look at it: connection refused" in text
    assert "nothing" not in text
    assert "live traffic on nothing seen" in summary(view(snapshot=blind))


def test_a_slot_that_shows_no_revision_of_ours_is_put_in_words() -> None:
    assert "live traffic on every revision at once" in drawn(view(snapshot=look(EVERYTHING)))
    assert "live traffic on something foreign: 10.0.0.9" in drawn(view(snapshot=look(Foreign("10.0.0.9"))))


def test_nobody_drives_and_not_begun_are_said() -> None:
    text = drawn(view(evolve(PAUSED, current=OLD), driver=None))
    assert "nobody drives it" in text
    assert "revision 2 (bbb) is declared, and its release has not begun" in text
    assert "nothing is recorded yet" in drawn(view(None))


def test_a_line_for_each_change_and_none_for_what_stays() -> None:
    before = view()
    assert changes(before, view()) == []
    moved = view(evolve(PAUSED, phase=Healthy(NEW, NOW)), look(NEW, state(OLD, 1, replicas=0), state(NEW, 2)))
    assert changes(before, moved) == [
        "Healthy",
        "layer edge: live traffic on revision 2 (bbb)",
        "revision 1 (aaa): scaled down",
    ]
    assert changes(before, view(snapshot=look(OLD, state(OLD, 1), state(NEW, 2, available=1)))) == [
        "revision 2 (bbb): 1 of 2 available"
    ]


def test_what_the_world_refuses_is_told_once() -> None:
    refused = evolve(BOTH, troubles=(Trouble("point active of layer edge", "423 locked", NOW),))
    assert changes(view(), view(snapshot=refused)) == ["refused: point active of layer edge: 423 locked"]
    assert changes(view(snapshot=refused), view(snapshot=refused)) == []
    assert "refused: point active of layer edge: 423 locked" in drawn(view(snapshot=refused))


def test_why_replicas_are_not_ready_is_told_once_it_lasts() -> None:
    reasons = Reasons()

    def after(seconds: int) -> View:
        why = (f"crash loop: next start in {60 - seconds} s",)
        shown = view(snapshot=look(OLD, state(OLD, 1), state(NEW, 2, available=0, reasons=why)))
        return evolve(shown, at=NOW + timedelta(seconds=seconds))

    assert reasons.lasting(after(0)) == []
    assert reasons.lasting(after(2)) == []
    assert reasons.lasting(after(4)) == ["revision 2 (bbb): crash loop: next start in 56 s"]
    assert reasons.lasting(after(5)) == [], "a countdown is no news"
    assert reasons.lasting(evolve(view(), at=NOW + timedelta(seconds=6))) == []
    assert reasons.lasting(after(7)) == [], "it has to last again"
    assert len(reasons.lasting(after(11))) == 1


def test_one_line_says_the_phase_the_traffic_and_why() -> None:
    degraded = evolve(PAUSED, phase=Degraded(NEW, NOW, Reason.ABORTED, "by ann", "aborted by ann"))
    assert summary(view(degraded)) == ("shop: Degraded (Aborted); live traffic on revision 1 (aaa): aborted by ann")
