"""What all the scenarios came to, and how an answer is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from bluegreen.spec import Rollout
from bluegreen.testing.verifying.assumptions import Assumptions
from bluegreen.testing.verifying.report import Answer, Shown, Verdict
from bluegreen.testing.verifying.scenario import Scenario
from bluegreen.testing.verifying.seen import Seen
from bluegreen.testing.verifying.words import how_many


@frozen
class Tried:
    """A scenario, and what it came to."""

    scenario: Scenario
    seen: Seen

    @property
    def shown(self) -> Shown:
        """The scenario as an answer shows it."""
        return Shown(self.scenario.name, f"the new build {self.scenario.story}", self.seen.course)


@frozen
class Evidence:
    """All that was tried with one rollout, by the scenarios' names."""

    rollout: Rollout
    assumptions: Assumptions
    tried: Mapping[str, Tried]

    def get(self, name: str) -> Tried | None:
        """One scenario; None where it has no meaning for this rollout."""
        return self.tried.get(name)

    def some(self, *prefixes: str) -> list[Tried]:
        """Those whose names begin with one of these, in the order in which they were tried."""
        return [one for name, one in self.tried.items() if name.startswith(prefixes)]

    @property
    def good(self) -> Seen:
        """How a good release goes."""
        return self.tried["good"].seen


class Asking:
    """One question: makes its answers. `rests_on` is said of those that name nothing else."""

    def __init__(self, question: str, rests_on: str = "") -> None:
        self.question, self.rests_on = question, rests_on

    def fault(self, name: str, says: str, remedy: str, shown: Tried | None = None, rests_on: str = "") -> Answer:
        """Something is wrong; `name` is what the fault is called."""
        return self._answer(Verdict.FAULT, says, rests_on, name, remedy, shown)

    def warning(self, name: str, says: str, remedy: str = "", shown: Tried | None = None, rests_on: str = "") -> Answer:
        """Something may not be meant so."""
        return self._answer(Verdict.WARNING, says, rests_on, name, remedy, shown)

    def fine(self, says: str, shown: Tried | None = None, rests_on: str = "") -> Answer:
        """Nothing is wrong."""
        return self._answer(Verdict.OK, says, rests_on, "", "", shown)

    def _answer(
        self, verdict: Verdict, says: str, rests_on: str, fault: str, remedy: str, shown: Tried | None
    ) -> Answer:
        rests_on = rests_on or self.rests_on or ("one simulation" if shown else "the declaration")
        return Answer(self.question, verdict, says, rests_on, fault, remedy, shown.shown if shown else None)


def tried_words(tried: list[Tried]) -> str:
    """What an answer rests on that is a maximum, or an absence, over scenarios."""
    names = ", ".join(one.scenario.name for one in tried)
    return f"{how_many(len(tried), 'simulation')} ({names})" if len(tried) <= 6 else how_many(len(tried), "simulation")


def longest(tried: list[Tried], seconds: Callable[[Tried], float]) -> Tried | None:
    """The one of which this is the most; the first of equals; None of none."""
    return max(tried, key=seconds, default=None)
