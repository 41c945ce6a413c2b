"""The rules for `Records`: the memory backend's keeps them, and each wrong one is found out by its rule alone."""

import pytest

from bluegreen.testing import virtual_time
from bluegreen.testing.conformance import records
from tests.conformance.on_memory import broken, records_case
from tests.conformance.versions import NEWER_RECORDS, StrictRecords
from tests.conformance.wrong import Wrong, unshown
from tests.conformance.wrong_records import WRONG
from tests.conformance.wrong_texts import WRONG as WRONG_TEXTS
from tests.conformance.wrong_texts import Texts


@pytest.mark.parametrize("rule", records.RULES)
def test_the_memory_backend_keeps_the_rule(rule: str) -> None:
    virtual_time.run(records.check(rule, records_case()))


@pytest.mark.parametrize("rule", records.RULES)
def test_records_kept_as_texts_keep_the_rule(rule: str) -> None:
    virtual_time.run(records.check(rule, records_case(Texts)))


def test_a_system_that_calls_a_malformed_version_invalid_keeps_every_rule() -> None:
    virtual_time.run(records.check_all(records_case(StrictRecords)))


def test_all_rules_can_be_checked_in_one_go() -> None:
    virtual_time.run(records.check_all(records_case()))


@pytest.mark.parametrize("wrong", [*WRONG, *WRONG_TEXTS, NEWER_RECORDS], ids=str)
def test_what_is_wrong_is_found_out_by_its_rule_and_named(wrong: Wrong) -> None:
    said = broken(records.check, records.RULES, records_case(wrong.kind))
    assert set(said) == {wrong.rule} | wrong.also
    assert wrong.words in said[wrong.rule]


def test_every_rule_is_shown_to_bite() -> None:
    assert unshown(records.RULES, WRONG + WRONG_TEXTS) == set()
