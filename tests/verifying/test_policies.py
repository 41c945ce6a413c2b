"""Six policies, each wrong in one way: verifying names that fault, with its scenario, and no other."""

import difflib

import pytest

from bluegreen.testing.verifying import Assumptions, Verdict, scenario
from tests.verifying.conftest import Reports
from tests.verifying.support import CAPACITY, POLICIES, named, rollout_of

pytestmark = [pytest.mark.property, pytest.mark.timeout(900)]

WRONG = {  # the policy: the fault's name, words of its sentence, the scenario that shows it, the policy put right
    "no-way-back": ("no-way-back", "no gate notices one", "bad-after-30s", "sound"),
    "no-data-passes": ("no-data", "It is promoted with no data in any metric", "no-data", "sound"),
    "forgives-everything": ("forgives-everything", "one success among 3 measurements", "good-once", "sound"),
    "no-progress-deadline": ("no-progress-deadline", "68 years", "never-ready", "sound"),
    "preview-too-small": (
        "preview-too-small",
        "80 requests per second to 1 replica: 80 to each, and one can answer 50",
        "preview-overloaded",
        "sound-with-load-and-hook",
    ),
    "gate-without-deadline": (
        "gate-without-deadline",
        "beforePromotion/smoke can hold the release for ever",
        "hooks-never-end",
        "sound-with-load-and-hook",
    ),
}
ALL = tuple((name, CAPACITY) for name in (*WRONG, "sound", "sound-with-load-and-hook"))


@pytest.mark.parametrize("name", WRONG)
def test_a_policy_that_is_wrong_in_one_way_has_that_fault_and_no_other(name: str, reports: Reports) -> None:
    fault, words, shown, _ = WRONG[name]
    report = reports(name, CAPACITY, ahead=ALL)
    assert [one.fault for one in report.of(Verdict.FAULT)] == [fault]
    found = named(report, fault)
    assert words in found.says
    assert found.shown is not None
    assert found.shown.name == shown
    assert found.remedy


@pytest.mark.parametrize("name", ["sound", "sound-with-load-and-hook"])
def test_a_policy_that_is_right_has_no_fault(name: str, reports: Reports) -> None:
    report = reports(name, CAPACITY, ahead=ALL)
    assert report.of(Verdict.FAULT) == []
    # Nobody's analysis goes on for ever: what shows itself later is for a person, and that is said.
    assert [one.fault for one in report.of(Verdict.WARNING)] == ["later-is-not-noticed"]


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_policy_is_the_right_one_but_for_the_one_thing(name: str) -> None:
    right = (POLICIES / f"{WRONG[name][3]}.yaml").read_text().splitlines()
    wrong = (POLICIES / f"{name}.yaml").read_text().splitlines()
    changes = [line for line in difflib.ndiff(right, wrong) if line[:2] in ("- ", "+ ") and line[2:3] != "#"]
    added = [line for line in changes if line[0] == "+"]
    assert 1 <= len(added) <= 4, changes
    assert rollout_of(name) != rollout_of(WRONG[name][3])


# Each fault's scenario, played by itself, shows what the report says.


def played(name: str, *assume: str) -> tuple[str, str, bool]:
    """How a wrong policy's scenario ends: phase, reason, and whether the new build has live traffic."""
    rollout, assumptions = rollout_of(name), Assumptions.of(*assume)
    seen = scenario(rollout, WRONG[name][2], assumptions).seen(rollout, assumptions)
    assert seen.violations == ()
    return seen.last.phase, seen.last.reason, seen.keeps_traffic


def test_without_a_gate_after_the_promotion_a_bad_build_stays() -> None:
    assert played("no-way-back") == ("Healthy", "", True)


def test_where_no_data_passes_a_build_of_which_nothing_is_known_is_promoted() -> None:
    assert played("no-data-passes") == ("Healthy", "", True)


def test_one_success_takes_a_bad_build_as_far_as_live_traffic() -> None:
    rollout, assumptions = rollout_of("forgives-everything"), Assumptions()
    seen = scenario(rollout, "good-once", assumptions).seen(rollout, assumptions)
    # After the promotion it is good when measured at 3 s, bad at 14 and 25: the second failure is one too many.
    assert seen.live_s == pytest.approx(26, abs=1)
    strict = rollout_of("sound")
    bad = scenario(rollout, "good-once", assumptions).play(strict, assumptions)  # the same build, the right limit
    assert bad.promotions == []


def test_without_a_progress_deadline_nobody_is_told() -> None:
    assert played("no-progress-deadline") == ("Progressing", "", False)


def test_a_preview_that_is_overloaded_keeps_a_good_build_back() -> None:
    assert played("preview-too-small", CAPACITY) == ("Degraded", "GateFailed", False)


def test_a_held_hook_holds_the_release() -> None:
    assert played("gate-without-deadline") == ("Paused", "Gate", False)
