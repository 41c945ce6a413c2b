"""The rules for `Workloads`: the memory backend keeps them, and each wrong one is found out by its rule alone."""

import pytest

from bluegreen.testing import virtual_time
from bluegreen.testing.conformance import workloads
from tests.conformance.on_memory import broken, workloads_case
from tests.conformance.sly_workloads import SLY
from tests.conformance.versions import NEWER_WORKLOADS, StrictWorkloads
from tests.conformance.wrong import Wrong, unshown
from tests.conformance.wrong_workloads import WRONG


@pytest.mark.parametrize("rule", workloads.RULES)
def test_the_memory_backend_keeps_the_rule(rule: str) -> None:
    virtual_time.run(workloads.check(rule, workloads_case()))


def test_a_system_that_calls_a_malformed_version_invalid_keeps_every_rule() -> None:
    virtual_time.run(workloads.check_all(workloads_case(StrictWorkloads)))


def test_all_rules_can_be_checked_in_one_go() -> None:
    virtual_time.run(workloads.check_all(workloads_case()))


@pytest.mark.parametrize("wrong", [*WRONG, *SLY, NEWER_WORKLOADS], ids=str)
def test_what_is_wrong_is_found_out_by_its_rule_and_named(wrong: Wrong) -> None:
    said = broken(workloads.check, workloads.RULES, workloads_case(wrong.kind))
    assert set(said) == {wrong.rule} | wrong.also
    assert wrong.words in said[wrong.rule]


def test_every_rule_is_shown_to_bite() -> None:
    assert unshown(workloads.RULES, WRONG + SLY) == set()
