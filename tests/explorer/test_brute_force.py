"""What makes the search small leaves nothing out: brute force reaches the same worlds, and no other."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from unittest.mock import patch

import pytest

from bluegreen.spec import RevisionId
from bluegreen.testing.explorer import Scope
from bluegreen.testing.explorer.memory import Memory
from tests.explorer.brute import beginning, comparable, reached
from tests.explorer.scopes import quick, search

pytestmark = pytest.mark.property


@pytest.fixture(autouse=True)
def _revisions_are_called_as_their_images() -> Generator[None]:
    def named(template: dict[str, Any]) -> RevisionId:
        return RevisionId(template["spec"]["containers"][0]["image"])

    with patch("bluegreen.backends.memory.ports.revision_of", named):
        yield


@pytest.mark.parametrize(
    ("engines", "aborts", "ticks"),
    [(1, 0, 2), (1, 1, 1), (2, 0, 0)],
    ids=["one engine", "one engine, and an abort", "two engines"],
)
def test_brute_force_reaches_the_same_worlds(engines: int, aborts: int, ticks: int) -> None:
    declared = quick(layers=("edge",))
    searched = search(declared, engines=engines, commands=("abort",) * aborts, ticks=ticks)
    found = searched.run()
    assert found.complete
    scope = Scope(declared, engines=engines, outsiders=0)
    memory = Memory(scope)
    first = beginning(declared, declared.with_image("v2"), engines=engines, aborts=aborts, ticks=ticks)
    states, count = reached(first, limit=20_000)
    by_force = {comparable(one, scope, memory) for one in states}
    by_search = {(world._replace(emptied=0, ours=0), record) for world, record in searched.worlds()}
    assert by_search == by_force
    assert len(by_search) >= 10
    assert count > 2 * found.states, "brute force found no more states: then nothing was made smaller"
