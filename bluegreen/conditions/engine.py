"""Conditions evaluated by cel-python."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import frozen

from bluegreen.conditions.ports import ConditionError, Fault, Program
from bluegreen.spec import JSON
from bluegreen.values import brief, encoded


@frozen(eq=False)
class CelProgram:
    """A condition that cel-python evaluates."""

    source: str
    cel: str
    first_only: bool
    minds_not_finite: bool
    _runner: object

    def evaluate(self, variables: Mapping[str, JSON]) -> bool | Fault:
        """See `Program`."""
        import celpy

        try:
            value = self._runner.evaluate({key: celpy.json_to_cel(one) for key, one in variables.items()})  # type: ignore[attr-defined]
        except Exception as error:
            return Fault(str(error))
        return bool(value)

    def explain(self, variables: Mapping[str, JSON]) -> str:
        """See `Program`."""
        return brief(encoded(variables["result"]))


class CelEngine:
    """cel-python's InterpretedRunner."""

    def compile(self, source: str, variables: Collection[str]) -> Program:
        """See `ConditionEngine`."""
        import celpy

        env = celpy.Environment(runner_class=celpy.InterpretedRunner)
        try:
            runner = env.program(env.compile(source), functions={"len": lambda x: celpy.celtypes.IntType(len(x))})
        except Exception as error:
            raise ConditionError(str(error), source) from error
        return CelProgram(source, source, "result[0]" in source, "isNaN" in source, runner)
