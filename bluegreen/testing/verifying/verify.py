"""Asking all questions about one rollout."""

from __future__ import annotations

import multiprocessing
import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress

from bluegreen.manifests import UnitError, duration_s
from bluegreen.spec import Rollout
from bluegreen.testing.verifying.assumptions import Assumptions
from bluegreen.testing.verifying.evidence import Evidence, Tried
from bluegreen.testing.verifying.families import bad_live, first_family, second_family
from bluegreen.testing.verifying.questions import QUESTIONS
from bluegreen.testing.verifying.questions.bad_build import noticed, turned_bad
from bluegreen.testing.verifying.questions.stuck import with_no_replicas
from bluegreen.testing.verifying.report import Answer, Report, Verdict
from bluegreen.testing.verifying.scenario import Scenario
from bluegreen.testing.verifying.seen import Seen

Progress = Callable[[int, int, str], None]
"""Told after each scenario: how many are done, how many there are as far as is known, and the last one's name. What it
raises ends the verifying."""

_BETWEEN = 4
"""So many more builds are tried between the last that was noticed and the first that was not, twice."""


def verify(
    rollout: Rollout, assumptions: Assumptions | None = None, *, processes: int = 1, progress: Progress | None = None
) -> Report:
    """What this rollout does when builds are bad, people late and machines away; and whether that is as it should be.

    Simulates some dozens of releases, by several `processes` where that is more than one, and asks nothing outside.
    The same rollout and assumptions give the same answers. Raises `ValueError` when the declared template itself does
    not become Healthy in a simulation. A rollout that wants no replicas is answered from its declaration alone.
    """
    began_s, assumed = time.monotonic(), assumptions or Assumptions()
    if not rollout.replicas:
        return Report(rollout.name, assumed, (with_no_replicas(),), 0, time.monotonic() - began_s)
    with _players(rollout, processes) as players:
        evidence = _Trying(rollout, assumed, players, progress or (lambda done, of, name: None)).all()
    found = [answer for question in QUESTIONS for answer in question(evidence)]
    answers = tuple(sorted(found, key=_badness))
    return Report(rollout.name, assumed, answers, len(evidence.tried), time.monotonic() - began_s)


def scenarios(rollout: Rollout, assumptions: Assumptions | None = None) -> dict[str, Scenario]:
    """All that is tried without `verify` knowing yet what is noticed, by name; each can be played by itself."""
    assumed = assumptions or Assumptions()
    first = first_family(rollout, assumed)
    good = next(one for one in first if one.name == "good").seen(rollout, assumed)
    return {one.name: one for one in (*first, *second_family(rollout, assumed, good))}


def scenario(rollout: Rollout, name: str, assumptions: Assumptions | None = None) -> Scenario:
    """The scenario of this name; `bad-after-97s` for any time. Raises `ValueError` when there is none."""
    assumed = assumptions or Assumptions()
    if found := re.fullmatch(r"bad-after-([0-9hms.]+)", name):
        with suppress(UnitError):
            return bad_live(rollout, assumed, duration_s(found[1]))
    known = scenarios(rollout, assumed)
    if name not in known:
        raise ValueError(f"there is no scenario {name!r} for this rollout; there are: {', '.join(known)}")
    return known[name]


def _badness(answer: Answer) -> int:
    return list(Verdict).index(answer.verdict)


@contextmanager
def _players(rollout: Rollout, processes: int) -> Generator[Executor | None]:
    """Who plays the scenarios: other processes, or nobody but this one. Gates of one's own may not travel to others."""
    if processes < 2 or rollout.gates:
        yield None
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _play(rollout: Rollout, assumptions: Assumptions, one: Scenario) -> Seen:
    return one.seen(rollout, assumptions)


class _Trying:
    """The simulations of one rollout, one family after the other."""

    def __init__(
        self, rollout: Rollout, assumptions: Assumptions, players: Executor | None, progress: Progress
    ) -> None:
        self._rollout, self._assumptions = rollout, assumptions
        self._players, self._progress = players, progress
        self._tried: dict[str, Tried] = {}

    def all(self) -> Evidence:
        """Everything that there is to try."""
        self._try(first_family(self._rollout, self._assumptions))
        good = self._tried["good"].seen
        self._try(second_family(self._rollout, self._assumptions, good))
        for _ in range(2):
            self._try(self._between())
        return self._evidence()

    def _evidence(self) -> Evidence:
        return Evidence(self._rollout, self._assumptions, dict(self._tried))

    def _between(self) -> list[Scenario]:
        """Builds that turn bad between the last that was noticed and the first that was not."""
        evidence = self._evidence()
        known = [after_s for after_s, _ in noticed(evidence)]
        late = [after_s for after_s, one in turned_bad(evidence) if one.seen.keeps_traffic]
        before = [after_s for after_s in known if not late or after_s < min(late)]
        if not before or not late or min(late) - max(before) <= 2:
            return []
        low, high = max(before), min(late)
        inner = (round(low + (high - low) * part / (_BETWEEN + 1)) for part in range(1, _BETWEEN + 1))
        moments = sorted({float(one) for one in inner if low < one < high})
        return [bad_live(self._rollout, self._assumptions, one) for one in moments]

    def _try(self, family: Sequence[Scenario]) -> None:
        new = [one for one in family if one.name not in self._tried]
        of = len(self._tried) + len(new)
        for one, seen in zip(new, self._played(new), strict=True):
            self._tried[one.name] = Tried(one, seen)
            self._progress(len(self._tried), of, one.name)

    def _played(self, family: Sequence[Scenario]) -> Iterator[Seen]:
        if self._players is None:
            yield from (_play(self._rollout, self._assumptions, one) for one in family)
            return
        futures: list[Future[Seen]] = [
            self._players.submit(_play, self._rollout, self._assumptions, one) for one in family
        ]
        yield from (one.result() for one in futures)
