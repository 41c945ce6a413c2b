"""Errors say whose fault it is, and what to do next."""

import pytest

from bluegreen import Degraded, errors
from bluegreen.record import Reason
from tests.support.worlds import START, V2


def test_a_problem_names_the_place_in_the_manifests_words_and_the_remedy() -> None:
    problem = errors.Problem(("spec", "policy", "routers", 1, "name"), "two are named 'edge'", "rename one")
    assert str(problem) == "spec.policy.routers.1.name: two are named 'edge' (rename one)"


def test_a_problem_without_a_remedy_ends_with_its_message() -> None:
    assert str(errors.Problem(("metadata", "name"), "is missing")) == "metadata.name: is missing"


def test_a_spec_error_shows_every_problem() -> None:
    error = errors.SpecError([errors.Problem(("a",), "bad"), errors.Problem(("b",), "worse")])
    assert str(error) == "a: bad\nb: worse"
    assert [problem.path for problem in error.problems] == [("a",), ("b",)]


def test_a_permanent_error_carries_its_remedy() -> None:
    error = errors.PermanentBackendError("no right to patch services", remedy="grant it")
    assert error.permanent
    assert str(error) == "no right to patch services (grant it)"
    assert error.remedy == "grant it"
    assert isinstance(error, errors.BackendError)


def test_an_error_that_may_pass_says_when_to_try_again() -> None:
    error = errors.BackendError("too many requests", retry_after_s=7)
    assert error.retry_after_s == 7
    assert not error.permanent
    assert errors.Conflict("changed").retry_after_s is None


def test_degraded_as_an_error_carries_the_phase_and_its_message() -> None:
    phase = Degraded(V2, START, Reason.ABORTED, "aborted by ann", "aborted by ann; all traffic is on v1")
    error = errors.RolloutDegraded(phase)
    assert error.phase is phase
    assert str(error) == "aborted by ann; all traffic is on v1"


@pytest.mark.parametrize(
    ("specific", "general"),
    [
        (errors.StaleCommand, errors.CommandError),
        (errors.IllegalCommand, errors.CommandError),
        (errors.RecordConflict, errors.RecordError),
        (errors.RecordFromTheFuture, errors.RecordError),
        (errors.RecordDamaged, errors.RecordError),
        (errors.Conflict, errors.BackendError),
        (errors.WaitTimedOut, TimeoutError),
        (errors.WaitTimedOut, errors.BluegreenError),
    ],
)
def test_whoever_has_to_act_can_catch_it_by_its_branch(specific: type, general: type) -> None:
    assert issubclass(specific, general)
