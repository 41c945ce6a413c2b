"""The phase diagram of the docs, the list at the top of the rules, and what searches see are one and the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bluegreen.decide.plan import Plan
from bluegreen.record import Paused, PauseReason
from bluegreen.testing.explorer.diagram import SCENES, listed, mermaid, redrawn, seen
from tests.support.plants import plant

pytestmark = pytest.mark.property

PAGE = Path(__file__).parents[2] / "docs" / "how-it-decides.md"


@pytest.fixture(scope="module")
def ways() -> set[tuple[str, str]]:
    """What the searches of all scenes see."""
    return seen()


def test_searches_see_every_way_that_is_listed_and_no_other(ways: set[tuple[str, str]]) -> None:
    assert ways == set(listed())


def test_the_diagram_in_the_docs_is_the_one_that_the_searches_draw(ways: set[tuple[str, str]]) -> None:
    page = PAGE.read_text()
    assert redrawn(page, ways) == page, "python -m bluegreen.testing.explorer --diagram draws it anew"


def test_every_scene_is_a_rollout_that_goes_somewhere() -> None:
    for scene in SCENES:
        assert ("Promoting", "Healthy") in seen([scene]), scene


def test_a_way_that_is_not_listed_is_noticed() -> None:
    """The check bites, even where a decision only passes through a phase: Healthy, Paused and Healthy again, say."""

    def healthy(original: Any, plan: Plan) -> None:
        original(plan)
        assert plan.record.current is not None
        before = plan.record.phase
        plan.enter(Paused(plan.record.current, plan.now, PauseReason.PERSON))
        plan.enter(before)

    with plant("phases.healthy", healthy):
        drawn = seen(["undone"])
    assert ("Healthy", "Paused") in drawn - set(listed())


def test_a_way_that_is_in_no_list_is_drawn_as_such() -> None:
    assert "    Healthy --> Paused: not listed\n" in mermaid([("Healthy", "Paused")])


def test_a_page_without_a_place_for_the_diagram_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the diagram"):
        redrawn("# A page", [("Promoting", "Healthy")])
