"""What a search finds is played again by real engines: the same rule is missing, and the same harm is done."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from attrs import evolve

from bluegreen.testing.scripts import ScriptError, play, read
from bluegreen.testing.scripts.declaring import DEFAULT, declared, declared_words
from tests.explorer.scopes import explored, quick
from tests.explorer.test_ablations import ROLLOUT, WITHOUT

pytestmark = pytest.mark.property

HELD = "the eight invariants hold"
REPLAYED = [name for name, (without, *_) in WITHOUT.items() if without is not nullcontext]
"""Those whose rule is taken out of the code; the others are taken out of the world that is searched."""


def found_without(name: str) -> tuple[str, str]:
    """The script of the harm that is found without this rule, and what comes of it on engines that lack the rule."""
    without, guards, bounds, _ = WITHOUT[name]
    with without():
        violation = explored(ROLLOUT, guards=guards, limit_states=60_000, **bounds).violation
        assert violation is not None
        script = violation.script()
        return script, play(read(Path(f"{name}.txt"), script))


@pytest.mark.parametrize("name", REPLAYED)
def test_engines_without_the_rule_do_the_harm_that_was_found(name: str) -> None:
    _, played = found_without(name)
    first = WITHOUT[name][3].split(" ")[1:3]
    assert "is broken at" in played.splitlines()[-1], played
    assert all(word in played.splitlines()[-1] for word in first), played


@pytest.mark.parametrize("name", REPLAYED)
def test_engines_with_all_rules_go_another_way_or_come_to_no_harm(name: str) -> None:
    script, _ = found_without(name)
    played = HELD
    with suppress(ScriptError):  # they do not decide what they are asked to do
        played = play(read(Path(f"{name}.txt"), script))
    assert played.splitlines()[-1].endswith(HELD)


def test_the_script_says_what_was_found_and_begins_where_the_search_began() -> None:
    script, _ = found_without("retry at any time")
    head, _, steps = script.partition("\n\n")
    assert head.startswith("# A search found: invariant 4: an engine promoted v2 on layer edge in attempt 2")
    assert "rollout: layers edge mesh, replicas 1, " in head
    assert steps.splitlines()[-1] == "> check"
    assert all(line.startswith("> ") for line in steps.splitlines())


def test_what_is_declared_for_a_script_is_what_was_searched() -> None:
    searched = quick(auto_promotion_enabled=False, rollback_window_revisions=2)
    made = declared(DEFAULT, declared_words(searched))
    assert evolve(made, template=searched.template, strategy=evolve(made.strategy, active_service="shop")) == searched
