"""What verifying says of the article's release, and what changes it. Numbers are worked out by hand."""

import json

import pytest
from attrs import evolve

from bluegreen.gates import ManualGate
from bluegreen.spec import Hook, HookPoint, OnDeadline, OnNoData, Rollout
from bluegreen.testing.verifying import Assumptions, Report, Verdict, scenarios, verify
from bluegreen.testing.verifying.evidence import Evidence, Tried
from bluegreen.testing.verifying.questions.bad_build import how_long_a_bad_build_stays
from bluegreen.testing.verifying.questions.layers import how_long_layers_differ
from bluegreen.testing.verifying.questions.no_data import with_no_data
from bluegreen.testing.verifying.questions.preview import whether_the_preview_carries_the_load
from bluegreen.testing.verifying.questions.skipping import which_gates_can_be_skipped
from bluegreen.testing.verifying.questions.stuck import whether_it_can_get_stuck
from bluegreen.testing.verifying.words import agreed
from tests.verifying.conftest import Reports
from tests.verifying.support import AS_WRITTEN, TWO_LAYERS, WITH_LOAD, answers, named, rollout_of

pytestmark = [pytest.mark.property, pytest.mark.timeout(900)]

ALL = ((AS_WRITTEN,), ("no-way-back", "detect=4s,react=0s"))


@pytest.fixture
def article(reports: Reports) -> Report:
    """The article's release as it was written."""
    return reports(AS_WRITTEN, ahead=ALL)


def test_the_article_has_no_fault_and_four_things_to_know(article: Report) -> None:
    assert article.of(Verdict.FAULT) == []
    assert {one.fault for one in article.of(Verdict.WARNING)} == {
        "waits-for-a-person",
        "held-not-aborted",
        "no-verdict",
        "later-is-not-noticed",
    }


def test_a_bad_build_is_taken_back_when_its_second_measurement_has_failed(article: Report) -> None:
    """Live at 0. The layer follows after 1 s and is given 2 s to settle, so that the first measurement begins at 3 and
    ends at 4; each next one begins 30 s after the end of the one before: 34, 65, 96, 127. The build shows itself 30 s
    after it went live: the one that ends at 35 is its first failure, the one that ends at 66 its second, which is one
    more than failureLimit forgives."""
    found = answers(article, "How long can a bad build")
    assert any("1m6s when nothing does" in one.says for one in found), found


def test_what_shows_itself_too_late_for_two_failures_is_never_noticed(article: Report) -> None:
    """Two of the five measurements have to fail: the fourth, which ends at 97, is the last that can be the first of
    them."""
    late = named(article, "later-is-not-noticed")
    assert "1m35s after it went live was noticed, 1m38s was not" in late.says
    assert late.shown is not None
    assert late.shown.name == "bad-after-1m38s"


def test_the_build_before_is_retained_from_the_verdict_on(article: Report) -> None:
    """Its ten minutes begin when the fifth measurement has ended, 128 s after traffic has moved."""
    (kept,) = answers(article, "retained")
    assert kept.verdict is Verdict.OK
    assert "12m8s" in kept.says


def test_the_way_back_is_a_moment_and_later_a_deployment(article: Report) -> None:
    while_retained, afterwards = answers(article, "How long does the way back take?")
    assert while_retained.says.startswith("1s at worst")
    # A layer that is out of reach just before the abort comes back a minute later, and follows a second after that.
    assert while_retained.says.endswith("When something else goes wrong just before, 1m1s at worst.")
    # A replica takes 30 s; the analysis before takes five measurements of 1 s, 30 s apart, before anybody can promote.
    assert "31s with undo and promote --full, 3m5s through the gates" in afterwards.says


@pytest.mark.parametrize("name", [AS_WRITTEN, WITH_LOAD])
def test_no_data_is_no_promotion_in_either_example(name: str) -> None:
    found = asked(Assumptions(), "no-data", "nan", "errors", "no-data-when-live", rollout=rollout_of(name))
    assert [one.verdict for one in with_no_data(found)] == [Verdict.OK]


def test_the_preview_of_three_is_held_against_the_six_that_go_live() -> None:
    (smaller,) = whether_the_preview_carries_the_load(Evidence(rollout_of(WITH_LOAD), Assumptions(), {}))
    assert smaller.fault == "preview-smaller"
    assert "50 requests per second to 3 replicas: 16.7 to each" in smaller.says
    assert "the 6 that get live traffic would have 8.33 each" in smaller.says


def test_the_invariants_hold_throughout(article: Report) -> None:
    assert article.scenarios >= 40
    assert f"at every step of {article.scenarios} scenarios" in answers(article, "invariants")[0].says


# Assumptions.


def test_what_is_assumed_changes_what_is_answered(reports: Reports) -> None:
    """The build before is retained for the 5 s that a layer is drained: enough for whoever sees a bad one after 4 s."""
    report = reports("no-way-back", "detect=4s,react=0s", ahead=ALL)
    assert "no-way-back" not in {one.fault for one in report.answers}
    assert named(report, "nothing-would-notice").verdict is Verdict.WARNING


def test_nobody_who_promotes_is_a_fault_where_somebody_has_to() -> None:
    rollout = rollout_of(AS_WRITTEN)
    found = asked(Assumptions.of("promote=never"), "good", "nobody-comes", "never-ready")
    assert [one.fault for one in whether_it_can_get_stuck(found) if one.verdict is Verdict.FAULT] == [
        "gate-without-deadline"
    ]
    assert not rollout.strategy.auto_promotion_enabled


def asked(assumptions: Assumptions, *names: str, rollout: Rollout | None = None) -> Evidence:
    """What a few scenarios came to: of the article, or of another rollout."""
    rollout = rollout or rollout_of(AS_WRITTEN)
    known = scenarios(rollout, assumptions)
    tried = {name: Tried(known[name], known[name].seen(rollout, assumptions)) for name in names}
    return Evidence(rollout, assumptions, tried)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("redy=60s", "nothing is assumed about 'redy'"),
        ("ready", "write ready=60s"),
        ("ready=60", "write 60s"),
        ("ready=-1s", "too small"),
        ("detect=never", "not a duration"),
        ("patience=0", "too small"),
        ("away=0s", "too small"),
        ("ready=9999h", "too long"),
        ("capacity=many", "requests per second"),
        ("capacity=nan", "requests per second"),
    ],
)
def test_an_assumption_that_makes_no_sense_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Assumptions.of(text)


def test_assumptions_are_written_as_they_are_read() -> None:
    one = Assumptions.of("ready=1m30s, detect=2m", "promote=never,capacity=12.5")
    assert (one.ready_s, one.detect_s, one.promote_s, one.capacity) == (90, 120, None, 12.5)
    assert one.flags == " --assume ready=1m30s,detect=2m,promote=never,capacity=12.5"
    assert Assumptions.of(one.flags.removeprefix(" --assume ")) == one


# Layers, gates, and data.


def test_two_layers_differ_for_as_long_as_one_that_has_moved_is_out_of_reach() -> None:
    """The first moves, and is given 1 s to follow and 2 s to settle before the second does: 3 s. Where it is out of
    reach right after it has moved, that is what is assumed, and a look more."""
    found = asked(Assumptions.of("away=3m"), "good", "service-away", "edge-away", rollout=rollout_of(TWO_LAYERS))
    differ, blind = how_long_layers_differ(found)
    assert differ.shown is not None
    assert differ.shown.name == "service-away"
    assert differ.says.startswith("3s when nothing goes wrong, 3m1s at worst")
    assert blind.says.startswith("service has no probe")


def test_a_gate_of_ones_own_without_a_deadline_is_named() -> None:
    rollout = evolve(rollout_of("no-way-back"), gates=(ManualGate("change-board"),))
    found = list(whether_it_can_get_stuck(asked(Assumptions(), "good", "nobody-comes", rollout=rollout)))
    assert [one.fault for one in found] == ["gate-without-deadline"]
    assert found[0].says.startswith("Gate change-board has no deadline")


def test_a_gate_that_opens_by_being_late_is_named() -> None:
    rollout, assumptions = rollout_of(AS_WRITTEN), Assumptions()
    hook = Hook("smoke", HookPoint.BEFORE_PROMOTION, "command", on_deadline=OnDeadline.CONTINUE)
    evidence = Evidence(evolve(rollout, policy=evolve(rollout.policy, hooks=(hook,))), assumptions, {})
    (late,) = (one for one in which_gates_can_be_skipped(evidence) if one.fault == "skipped-by-time")
    assert late.says.startswith("By the clock alone: beforePromotion/smoke (after 10m) is taken for a yes")


def test_live_traffic_that_moves_with_no_data_is_said_to_stay() -> None:
    """Nothing measures before, and what measures after comes to no verdict: it waits, and stays live."""
    sound = rollout_of("sound")
    rollout = evolve(sound, strategy=evolve(sound.strategy, pre_promotion_analysis=None))
    post = rollout.strategy.post_promotion_analysis
    assert post is not None
    waits = evolve(post, metrics=tuple(evolve(one, on_no_data=OnNoData.INCONCLUSIVE) for one in post.metrics))
    rollout = evolve(rollout, strategy=evolve(rollout.strategy, post_promotion_analysis=waits))
    found = list(with_no_data(asked(Assumptions(), "no-data", rollout=rollout)))
    assert [one.fault for one in found] == ["nothing-measured-before", "live-with-no-data"]
    assert "stays with the new build until a person acts" in found[1].says


def test_a_build_that_dies_while_the_one_before_is_briefly_retained_is_dark_until_it_is_noticed() -> None:
    rollout = rollout_of("sound")
    brief = evolve(rollout, strategy=evolve(rollout.strategy, scale_down_delay_seconds=30))
    evidence = asked(Assumptions(), "bad-after-30s", "dies-when-promoted", rollout=brief)
    assert evidence.tried["dies-when-promoted"].seen.dark_s >= 1
    assert "at once" not in [*how_long_a_bad_build_stays(evidence)][-1].says


def test_no_replicas_are_answered_from_the_declaration() -> None:
    report = verify(evolve(rollout_of("sound"), replicas=0))
    assert [one.fault for one in report.answers] == ["no-replicas"]
    assert report.worst is Verdict.FAULT


def test_a_paused_rollout_is_said_to_be_answered_as_resumed() -> None:
    paused = evolve(asked(Assumptions(), "good"), rollout=evolve(rollout_of(AS_WRITTEN), paused=True))
    first = next(iter(whether_it_can_get_stuck(paused)))
    assert first.fault == "paused"
    assert first.says.endswith("What follows is of the rollout once it is resumed.")


def test_names_are_said_once_and_verbs_agree() -> None:
    assert agreed(["errors", "errors"], "is", "are") == "errors is"
    assert agreed(["errors", "latency"], "is", "are") == "errors and latency are"


def test_a_report_is_read_as_it_was_written(article: Report) -> None:
    data = json.loads(json.dumps(article.data()))
    assert Report.from_data(data).data() == article.data()
    assert [one.verdict for one in article.answers] == sorted(
        (one.verdict for one in article.answers), key=list(Verdict).index
    )


def test_the_same_is_answered_by_two_processes_as_by_one(reports: Reports) -> None:
    rollout = rollout_of("no-way-back")
    alone = reports("no-way-back", "capacity=50")
    assert verify(rollout, Assumptions.of("capacity=50"), processes=2).answers == alone.answers
