"""The search itself: what it promises, that it finds what it should, and that it says it so that it can be replayed."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import pytest

from bluegreen.decide.plan import Plan
from bluegreen.gates import Stage, Yes
from bluegreen.testing.explorer import Check, Guards, Progress, explore
from bluegreen.testing.explorer.__main__ import main, two_layers
from tests.explorer.scopes import explored, quick, search
from tests.support.plants import plant

pytestmark = pytest.mark.property

LINES = re.compile(
    r"engine [A-Z]|[A-Z] looks at (workloads|edge|mesh)( and (edge|mesh))*|[A-Z] saves|[A-Z] dies"
    r"|[A-Z] does (point (edge|mesh) at v\d|ensure v\d|scale v\d down|prepare edge|(measure|cancel) \w+)"
    r"|\w+ of [A-Z] says (yes|no|nothing)|(hide|show) (workloads|edge|mesh)"
    r"|check|(edge|mesh) needs no preparing|refuse (point edge|point mesh|ensure|scale down)"
    r"|pods of v\d (become ready|fail) \d|(edge|mesh) follows"
    r"|tick \d+s|promote( --full)?|abort|retry|apply v\d|somebody (points|scales|deletes) .+|#.*"
)
"""Every line of a script is one of these."""


@pytest.mark.timeout(240)
def test_fifty_thousand_states_with_one_fault_of_each_kind_break_no_promise() -> None:
    """One crash, one refused write, one hidden part and one outsider's edit; `make explore` goes on to a million."""
    told: list[Progress] = []
    found = search(two_layers(), crashes=1, refusals=1, blind=1, outsiders=1).run(50_000, None, told.append, 0.0)
    assert found.violation is None, found.violation.script()
    assert found.states >= 50_000
    assert not found.complete
    assert [one.states for one in told] == sorted({one.states for one in told})


@pytest.mark.timeout(240)
@pytest.mark.parametrize("begins", ["promoting", "promoted"])
def test_nor_do_those_that_begin_later(begins: str) -> None:
    found = explored(
        two_layers(),
        limit_states=15_000,
        begins=begins,
        crashes=1,
        refusals=1,
        blind=1,
        outsiders=1,
        commands=("abort",),
    )
    assert found.violation is None, found.violation.script()
    assert ("Healthy", "Degraded") in found.ways or begins == "promoting"


CHECKED = (Check(), Check("post", Stage.POST_PROMOTION))


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("fields", "bounds"),
    [
        ({"gates": CHECKED[:1]}, {"commands": ("promote", "abort"), "crashes": 1}),
        ({"gates": CHECKED[1:]}, {"commands": ("abort",), "refusals": 1}),
        ({"preview_service": "preview"}, {"preview": True, "commands": ("abort",), "crashes": 1}),
        ({}, {"prepared": True, "commands": ("abort",)}),
        ({"replicas": 2}, {"pod_failures": 1, "outsiders": 1, "engines": 1}),
        ({}, {"templates": ("v2", "v3"), "commands": ("apply", "undo"), "engines": 1}),
        ({}, {"engines": 3}),
    ],
    ids=["a gate before", "a gate after", "preview", "prepared layers", "pods", "three templates", "three engines"],
)
def test_other_rollouts_break_no_promise_either(fields: dict[str, Any], bounds: dict[str, Any]) -> None:
    found = explored(quick(layers=("edge",), **fields), limit_states=6_000, **bounds)
    assert found.violation is None, found.violation.script()
    assert found.states > 100


# It bites.


def _gates_are_open(original: Callable[..., Any], plan: Plan, stage: Stage) -> Any:
    return (None, Yes("nobody asked")) if stage is Stage.PRE_PROMOTION else original(plan, stage)


def _what_is_asked_for_is_there(plan: Plan, revision: Any) -> int:
    return plan.rollout.replicas if revision in plan.revisions else 0


def _always_calm(original: Callable[..., Any], plan: Plan) -> bool:
    return plan.workloads is not None and plan.record.stable is not None


def _traffic_stays(original: Callable[..., Any], plan: Plan, *args: Any, **options: Any) -> None:
    return None


def _only_the_first_attempt(original: Callable[..., Any], plan: Plan) -> None:
    if plan.record.attempt < 2:
        original(plan)


Bug = Callable[[], AbstractContextManager[Any]]
BUGS: dict[str, tuple[Bug, dict[str, Any], dict[str, Any], str]] = {
    "what is asked for counts as available": (
        lambda: patch.object(Plan, "available", _what_is_asked_for_is_there),
        {"layers": ("edge",)},
        {"pod_failures": 1},
        "invariant 1: an engine pointed layer edge at v2",
    ),
    "gates are not asked": (
        lambda: plant("asking.ask", _gates_are_open),
        {"layers": ("edge",), "gates": CHECKED[:1]},
        {},
        "although gate check answered nothing",
    ),
    "the window is always open": (
        lambda: plant("replicas._calm", _always_calm),
        {"scale_down_delay_seconds": 0, "abort_scale_down_delay_seconds": 1},
        {"commands": ("abort",)},
        "scaled v2 down while",
    ),
    "traffic stays after an abort": (
        lambda: plant("traffic.bring_back", _traffic_stays),
        {"layers": ("edge",)},
        {"commands": ("abort",), "liveness": False},
        "after an abort",
    ),
    "what is needed is not kept up": (
        lambda: plant("replicas.keep_up", _only_the_first_attempt),
        {"layers": ("edge",)},
        {"outsiders": 1},
        "and did not restore it",
    ),
    "writes never end": (
        lambda: plant("traffic.settle_writes", _only_the_first_attempt),
        {"layers": ("edge",)},
        {},
        "invariant 7: one engine by itself never comes to rest",
    ),
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str) -> None:
    bug, fields, bounds, harm = BUGS[name]
    with bug():
        found = explored(quick(**fields), limit_states=30_000, **bounds)
    assert found.violation is not None, f"nothing in {found.states} states"
    assert harm in found.violation.harm, found.violation.script()


def test_an_end_that_never_comes_is_told_with_what_one_engine_does_by_itself() -> None:
    with plant("traffic.settle_writes", _only_the_first_attempt):
        found = explored(quick(layers=("edge",)))
    assert found.violation is not None
    words = "# In the end nothing goes wrong any more, and one engine goes on by itself:\n#   it "
    assert words in found.violation.script()


def test_a_rollout_that_does_not_even_begin_is_refused() -> None:
    with plant("traffic.settle_writes", _nothing_ends), pytest.raises(ValueError, match="left alone"):
        explored(quick(layers=("edge",)))


def _nothing_ends(original: Callable[..., Any], plan: Plan) -> None:
    return None


# What it says.


def test_the_script_of_a_counterexample_is_in_the_words_of_scripts() -> None:
    with plant("replicas.keep_up", _only_the_first_attempt):
        found = explored(quick(), outsiders=1, blind=1, refusals=1, crashes=1)
    assert found.violation is not None
    head, _, steps = found.violation.script().partition("\n\n")
    lines = [line.removeprefix("> ") for line in steps.splitlines()]
    assert [line for line in lines if not LINES.fullmatch(line)] == []
    assert head.splitlines()[:2] == [
        f"# A search found: {found.violation.harm}",
        "# layers edge, mesh; 1 replicas; v1 is Healthy, and v2 was applied",
    ]
    assert lines[:5] == ["edge needs no preparing", "mesh needs no preparing", "engine A", "engine B", "apply v2"]
    assert lines[-1] == "check"


def test_the_counterexample_is_the_shortest() -> None:
    """Breadth first: no search with fewer states finds any."""
    with plant("traffic.bring_back", _traffic_stays):
        found = explored(quick(layers=("edge",)), commands=("abort",), engines=1)
    assert found.violation is not None
    assert found.violation.lines[:3] == ("edge needs no preparing", "engine A", "apply v2")
    assert list(found.violation.lines[3:]) == [
        "A saves",
        "A does ensure v2",
        "pods of v2 become ready 1",
        "A saves",
        "tick 60s",
    ]


def test_the_same_search_finds_the_same() -> None:
    first, second = (explored(quick(layers=("edge",)), crashes=1) for _ in range(2))
    assert (first.states, first.worlds, first.depth) == (second.states, second.worlds, second.depth)
    assert first.complete
    assert second.ways == first.ways


def test_a_search_ends_when_its_time_is_up() -> None:
    found = explore(two_layers(), seconds=0.0)
    assert not found.complete
    assert found.violation is None


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"commands": ("abrot",)}, "there is no 'abrot'; did you mean abort"),
        ({"begins": "promotd"}, "there is no 'promotd'; did you mean promoted"),
        ({"begins": "yesterday"}, "There is applied, promoting, promoted"),
        ({"guards": Guards(caches="lively")}, "did you mean live"),
        ({"engines": 0}, "at least one engine"),
        ({"crashes": -1}, "crashes says how often"),
        ({"ticks": -1}, "ticks says how often"),
        ({"answers": ()}, "answers needs at least one"),
        ({"answers": ({"errors": 0.2},)}, "each a single value"),
        ({"templates": ("v1",)}, "v1 is there already"),
        ({"commands": ("apply",)}, "name two or more templates"),
    ],
)
def test_a_bound_that_there_is_not_is_refused(bounds: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        explored(quick(), **bounds)


def test_a_beginning_that_is_never_reached_is_refused() -> None:
    with pytest.raises(ValueError, match="never is promoted"):
        explored(quick(auto_promotion_enabled=False), begins="promoted")


def test_the_command_line_prints_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--states", "2000", "--engines", "1", "--outsiders", "0"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(r"[\d,]+ states .*, [\d,]+ worlds, [\d,]+ decisions, depth \d+, [\d.]+ s: no violation", last)


def test_the_command_line_fails_when_a_promise_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    with plant("replicas.keep_up", _only_the_first_attempt):
        assert main(["--states", "20000", "--engines", "1"]) == 1
    assert "engine A" in capsys.readouterr().out


def test_three_engines_can_be_searched() -> None:
    found = explored(quick(layers=("edge",)), engines=3)
    assert found.complete
    assert found.violation is None
