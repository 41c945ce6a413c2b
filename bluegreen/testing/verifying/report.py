"""What verifying comes to: answers to questions, each with the scenario that shows it. Data, all of it."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from bluegreen.spec import JSON
from bluegreen.testing.verifying.assumptions import Assumptions


class Verdict(StrEnum):
    """How bad an answer is. FAULT: the policy does not do what it is there for. WARNING: it may be meant so."""

    FAULT = "fault"
    WARNING = "warning"
    OK = "ok"


@frozen
class Shown:
    """The scenario that shows an answer: its name, what happens in it, and how the release went (a line)."""

    name: str
    story: str
    course: str


@frozen
class Answer:
    """One answer. `says` is a sentence; `rests_on` is how it is known; `remedy` is what to write instead, if anything.

    `fault` is a short name for what is wrong (`no-way-back`), the same in every version; empty where nothing is.
    """

    question: str
    verdict: Verdict
    says: str
    rests_on: str
    fault: str = ""
    remedy: str = ""
    shown: Shown | None = None


@frozen
class Report:
    """All answers about one rollout, the worst first. `scenarios` is how many were simulated, in `took_s` seconds."""

    rollout: str
    assumptions: Assumptions
    answers: tuple[Answer, ...]
    scenarios: int
    took_s: float

    def of(self, verdict: Verdict) -> list[Answer]:
        """The answers of this verdict."""
        return [one for one in self.answers if one.verdict is verdict]

    @property
    def worst(self) -> Verdict:
        """The verdict of the worst answer."""
        return next((one for one in Verdict if self.of(one)), Verdict.OK)

    def data(self) -> dict[str, JSON]:
        """The whole of it as plain JSON."""
        return {
            "rollout": self.rollout,
            "verdict": str(self.worst),
            "scenarios": self.scenarios,
            "seconds": round(self.took_s, 1),
            "assumptions": {name: value for name, value, _ in self.assumptions.rows()},
            "answers": [_answer(one) for one in self.answers],
        }

    @staticmethod
    def from_data(data: dict[str, JSON]) -> Report:
        """The report that `data` was made of (a JSON document's, say)."""
        assumed = [f"{name}={value}" for name, value in data["assumptions"].items() if value != "unknown"]
        answers = tuple(_read(one) for one in data["answers"])
        return Report(data["rollout"], Assumptions.of(*assumed), answers, data["scenarios"], data["seconds"])


def _answer(one: Answer) -> dict[str, JSON]:
    shown = one.shown
    return {
        "question": one.question,
        "verdict": str(one.verdict),
        "fault": one.fault,
        "says": one.says,
        "restsOn": one.rests_on,
        "remedy": one.remedy,
        "scenario": {"name": shown.name, "story": shown.story, "course": shown.course} if shown else None,
    }


def _read(data: dict[str, JSON]) -> Answer:
    shown = Shown(**data["scenario"]) if data["scenario"] else None
    verdict = Verdict(data["verdict"])
    return Answer(data["question"], verdict, data["says"], data["restsOn"], data["fault"], data["remedy"], shown)
