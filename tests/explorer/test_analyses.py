"""An analysis is a check in a search: it is asked, and answered with whatever a measurement may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from bluegreen.gates import Stage
from bluegreen.manifests import load_path
from bluegreen.spec.check import POST_ANALYSIS, PRE_ANALYSIS
from bluegreen.testing.explorer import Scope, Search
from tests.explorer.scopes import CALM, explored, quick
from tests.support.analyses import analysis, metric

pytestmark = pytest.mark.property

ARTICLE = Path(__file__).parents[2] / "examples" / "article"


def test_the_rollout_of_the_article_is_searched_with_a_check_for_each_analysis() -> None:
    declared = load_path(ARTICLE / "as-written")
    found = Search(Scope(declared, **{**CALM, "engines": 1, "commands": ("abort",)})).run(5_000)
    assert found.violation is None, found.violation.script()
    assert found.exercised["landed: measure"]
    assert found.exercised["happened: an answer"]


@pytest.mark.parametrize("begins", ["applied", "promoting"])
def test_a_measurement_after_the_promotion_is_asked_for_and_answered(begins: str) -> None:
    declared = quick(layers=("edge",), post_promotion_analysis=analysis(metric(query={"query": "up"})))
    found = explored(declared, begins=begins, engines=1, limit_states=8_000)
    assert found.violation is None, found.violation.script()
    assert found.exercised["landed: measure"]
    assert found.exercised["happened: an answer"]
    assert ("Promoting", "Healthy") in found.ways, "yes"
    assert ("Promoting", "Degraded") in found.ways, "no"


def test_what_was_promoted_after_a_measurement_is_searched_too() -> None:
    declared = quick(layers=("edge",), pre_promotion_analysis=analysis(), post_promotion_analysis=analysis())
    found = explored(declared, begins="promoted", engines=1, commands=("abort",), outsiders=1)
    assert found.violation is None, found.violation.script()
    assert found.complete
    assert found.exercised["landed: scale down"]


def test_an_analysis_is_a_check_of_the_same_name_and_stage() -> None:
    scope = Scope(quick(pre_promotion_analysis=analysis(), post_promotion_analysis=analysis()))
    assert [(one.name, one.stage) for one in scope.rollout.gates] == [
        (PRE_ANALYSIS, Stage.PRE_PROMOTION),
        (POST_ANALYSIS, Stage.POST_PROMOTION),
    ]
    assert scope.rollout == Scope(scope.rollout).rollout
