"""The rules for `Hooks`: an honest runner keeps them, and each wrong one is found out by its rule alone."""

import pytest

from bluegreen.testing import virtual_time
from bluegreen.testing.conformance import hooks
from tests.conformance.on_memory import broken
from tests.conformance.steps import hooks_case
from tests.conformance.wrong import Wrong, unshown
from tests.conformance.wrong_hooks import WRONG


@pytest.mark.parametrize("rule", hooks.RULES)
def test_an_honest_runner_keeps_the_rule(rule: str) -> None:
    virtual_time.run(hooks.check(rule, hooks_case()))


def test_all_rules_can_be_checked_in_one_go() -> None:
    virtual_time.run(hooks.check_all(hooks_case()))


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_wrong_is_found_out_by_its_rule_and_named(wrong: Wrong) -> None:
    said = broken(hooks.check, hooks.RULES, hooks_case(wrong.kind))
    assert set(said) == {wrong.rule} | wrong.also
    assert wrong.words in said[wrong.rule]


def test_every_rule_is_shown_to_bite() -> None:
    assert unshown(hooks.RULES, WRONG) == set()
