"""The rules for routers: the memory backend's keeps them, and each wrong one is found out by its rule alone."""

import pytest

from bluegreen.testing import virtual_time
from bluegreen.testing.conformance import router
from tests.conformance.on_memory import broken, router_case
from tests.conformance.sly_routers import SLY, SLY_SPLIT
from tests.conformance.versions import NEWER_ROUTER, StrictRouter
from tests.conformance.wrong import Wrong, unshown
from tests.conformance.wrong_routers import WRONG, WRONG_SPLIT, Split


@pytest.mark.parametrize("rule", router.RULES)
def test_the_memory_backend_keeps_the_rule(rule: str) -> None:
    virtual_time.run(router.check(rule, router_case()))


def test_a_system_that_calls_a_malformed_version_invalid_keeps_every_rule() -> None:
    virtual_time.run(router.check_all(router_case(StrictRouter)))


def test_all_rules_can_be_checked_in_one_go() -> None:
    virtual_time.run(router.check_all(router_case()))


@pytest.mark.parametrize("rule", router.RULES)
def test_a_preview_in_an_object_of_its_own_keeps_the_rule(rule: str) -> None:
    virtual_time.run(router.check(rule, router_case(Split, edited=False)))


@pytest.mark.parametrize("wrong", WRONG_SPLIT + SLY_SPLIT, ids=str)
def test_what_is_wrong_about_two_objects_is_found_out_by_its_rule_and_named(wrong: Wrong) -> None:
    said = broken(router.check, router.RULES, router_case(wrong.kind, edited=False))
    assert set(said) == {wrong.rule} | wrong.also
    assert wrong.words in said[wrong.rule]


@pytest.mark.parametrize("wrong", [*WRONG, *SLY, NEWER_ROUTER], ids=str)
def test_what_is_wrong_is_found_out_by_its_rule_and_named(wrong: Wrong) -> None:
    said = broken(router.check, router.RULES, router_case(wrong.kind))
    assert set(said) == {wrong.rule} | wrong.also
    assert wrong.words in said[wrong.rule]


def test_every_rule_is_shown_to_bite() -> None:
    assert unshown(router.RULES, WRONG + WRONG_SPLIT) == set()
