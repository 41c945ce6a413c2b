"""The rule that the design was begun with runs as it was written, and a policy can keep it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from tests.strategies.sketch import IMPORTS, POLICY, RULE

pytestmark = pytest.mark.property


def the_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str) -> Callable[[], Any]:
    """The test that the text defines, in a folder in which this is `rollouts/shop.yaml`."""
    (tmp_path / "rollouts").mkdir()
    (tmp_path / "rollouts" / "shop.yaml").write_text(policy)
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {}
    exec(IMPORTS + RULE, known)
    rule: Callable[[], Any] = known["test_a_bad_build_is_live_two_minutes_at_most"]
    return rule


@pytest.mark.timeout(300)
def test_a_policy_that_looks_often_enough_keeps_two_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    the_rule(tmp_path, monkeypatch, POLICY)()


@pytest.mark.timeout(300)
def test_a_policy_that_looks_only_once_does_not_and_the_time_line_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly = settings(database=None, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)
    rule = quickly(the_rule(tmp_path, monkeypatch, POLICY.replace('"45"', '"1"')))
    with pytest.raises(AssertionError) as failed:
        rule()
    told = str(failed.value)
    assert told.splitlines()[1].split()[:2] == ["time", "phase"], told
    assert "Healthy" in told.splitlines()[-1]
    assert "next" in told.splitlines()[-1]
