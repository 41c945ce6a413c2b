"""No condition gives an answer that a slow, obvious evaluator has not; and it gives CEL's, but for a known few."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from cel_expr_python import cel  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from bluegreen.conditions import ConditionError, Fault, compiled
from bluegreen.conditions.engine import CelEngine
from tests.conditions.grammar import MEASURED, conditions
from tests.conditions.twin import Tree, Twin, text

pytestmark = pytest.mark.property
ORACLE = cel.NewEnv(variables={"result": cel.Type.DYN})


def ours(source: str, result: Any) -> bool | None:
    """Our answer; None for none."""
    found = compiled.__wrapped__(source).evaluate({"result": result, "labels": {}})
    return None if isinstance(found, Fault) else found


@given(conditions(), st.lists(MEASURED, min_size=1, max_size=4))
def test_no_condition_has_an_answer_that_the_obvious_evaluator_has_not(tree: Tree, measured: list[Any]) -> None:
    try:
        program = compiled.__wrapped__(text(tree))
    except ConditionError:
        return  # what is refused when it is loaded passes nothing
    for result in measured:
        found = program.evaluate({"result": result, "labels": {}})
        wanted = Twin({"result": result}, cel=False).holds(tree)
        assert (None if isinstance(found, Fault) else found) is wanted, (program.source, result, found)


@given(conditions(), st.lists(MEASURED, min_size=1, max_size=4))
def test_the_answers_are_those_of_cel_but_for_the_listed_disagreements(tree: Tree, measured: list[Any]) -> None:
    source = text(tree)
    try:
        oracle = ORACLE.compile(source)
    except RuntimeError:
        return  # it knows before the fact that there is no answer
    for result in measured:
        theirs = oracle.eval(data={"result": result})
        answer = theirs.value() if theirs.type() == cel.Type.BOOL else None
        assert answer is Twin({"result": result}, cel=True).holds(tree), (source, result, theirs)
        with suppress(ConditionError):
            wanted = Twin({"result": result}, cel=False).holds(tree)
            assert ours(source, result) is wanted, (source, result)


@given(conditions(), MEASURED)
def test_what_is_written_as_cel_reads_back_as_the_same(tree: Tree, result: Any) -> None:
    try:
        program = CelEngine().compile(text(tree), ("result",))
    except ConditionError:
        return
    again = CelEngine().compile(program.cel, ("result",))
    assert again.cel == program.cel
    assert again.evaluate({"result": result}) == program.evaluate({"result": result})


@given(conditions(), MEASURED)
def test_explaining_never_fails_and_is_short(tree: Tree, result: Any) -> None:
    try:
        program = compiled.__wrapped__(text(tree))
    except ConditionError:
        return
    words = program.explain({"result": result, "labels": {}})
    assert 0 < len(words) < 300


@given(st.text(st.sampled_from("result[0](){}#.?:!&|<>=+-*/%'\"\\` ,ainotrsfl19eE_\n日"), max_size=40))
def test_any_text_is_a_condition_or_a_condition_error(source: str) -> None:
    with suppress(ConditionError):
        program = compiled.__wrapped__(source)
        assert isinstance(program.evaluate({"result": [1.0], "labels": {}}), bool | Fault)
