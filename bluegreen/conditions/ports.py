"""What evaluates conditions has to be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from attrs import frozen

from bluegreen.errors import BluegreenError
from bluegreen.spec import JSON


class ConditionError(BluegreenError):
    """A condition that cannot be used. `line` and `column` count from 1; `remedy` says what to write instead, or is
    empty. As text it shows the condition with a caret under the place."""

    def __init__(self, message: str, source: str, line: int = 1, column: int = 1, remedy: str = "") -> None:
        self.message = message
        self.source = source
        self.line = line
        self.column = column
        self.remedy = remedy
        lines = source.splitlines() or [""]
        shown = lines[min(line, len(lines)) - 1]
        place = f"{shown}\n{' ' * (column - 1)}^" if len(shown) <= 200 else ""
        super().__init__("\n".join(part for part in (message, place, remedy) if part))


@frozen
class Fault:
    """A condition that could not be evaluated on these values: `message` says why, in words."""

    message: str


class Program(Protocol):
    """One condition, checked. Evaluating it changes nothing, and gives the same for the same values."""

    @property
    def source(self) -> str:
        """The condition as it was written."""
        ...

    @property
    def cel(self) -> str:
        """The CEL that is evaluated."""
        ...

    @property
    def first_only(self) -> bool:
        """Whether, of a list of results, it looks at the first one alone (and perhaps at their number)."""
        ...

    @property
    def minds(self) -> frozenset[str]:
        """What it asks for by name: `NaN` (with isNaN), `Inf` (with isInf)."""
        ...

    def evaluate(self, variables: Mapping[str, JSON]) -> bool | Fault:
        """Whether the condition holds for these values (`result`, `labels`; numbers may be NaN). Never raises."""
        ...

    def explain(self, variables: Mapping[str, JSON]) -> str:
        """Why it holds or not, in a few words: `0.962 < 0.99` for `result[0] >= 0.99`. Never raises."""
        ...


class ConditionEngine(Protocol):
    """A way to evaluate conditions."""

    def compile(self, source: str, variables: Collection[str]) -> Program:
        """The condition, checked as far as it can be without values. Raises `ConditionError`."""
        ...
