"""Conditions evaluated by cel-python."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import frozen

from bluegreen.conditions.checking import check, first_only, minds
from bluegreen.conditions.explaining import explained
from bluegreen.conditions.nodes import Node
from bluegreen.conditions.parsing import parsed
from bluegreen.conditions.ports import Fault, Program
from bluegreen.conditions.writing import written
from bluegreen.spec import JSON
from bluegreen.values import brief, encoded


@frozen(eq=False)
class CelProgram:
    """A condition that cel-python evaluates. Any number of threads may use it at once."""

    source: str
    cel: str
    first_only: bool
    minds: frozenset[str]
    _node: Node

    def evaluate(self, variables: Mapping[str, JSON]) -> bool | Fault:
        """See `Program`."""
        try:
            found = self._value(self._node, variables)
        except Exception as error:
            return Fault(_reason(error))
        return found if isinstance(found, bool) else Fault(f"it gives {brief(encoded(found))}, not true or false")

    def explain(self, variables: Mapping[str, JSON]) -> str:
        """See `Program`."""
        try:
            words = explained(self._node, lambda node: self._value(node, variables))
            return words or brief(encoded(variables.get("result")))
        except Exception as error:
            return _reason(error)

    def _value(self, node: Node, variables: Mapping[str, JSON]) -> JSON:
        # cel-python takes a moment to import, and many a program that loads a manifest evaluates nothing.
        from bluegreen.conditions.evaluating import value_of
        from bluegreen.conditions.operations import plain

        text = self.cel if node is self._node else written(node)
        return plain(value_of(text, variables, not_finite=bool(self.minds)))


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep for what is left of Python's stack"
    return str(error) or type(error).__name__


class CelEngine:
    """cel-python's evaluator, behind a reader and checks of our own: it has neither positions in its errors at run
    time nor any check before."""

    def compile(self, source: str, variables: Collection[str]) -> Program:
        """See `ConditionEngine`."""
        node = parsed(source, variables)
        check(node, source)
        return CelProgram(source, written(node), first_only(node), minds(node), node)
