"""The rules for metric providers.

    await metrics.check(rule, case)      one of `RULES`: a test for each, by `pytest.mark.parametrize`
    await metrics.check_all(case)        all of them

Each rule makes providers of its own and closes them. Run them against the real server, not against a fake of it.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Mapping, Set
from typing import Any, Final

from attrs import field, frozen

from bluegreen.errors import BackendError, PermanentBackendError, Problem
from bluegreen.ports import MetricProvider, NoData, Reading
from bluegreen.spec import JSON
from bluegreen.testing.conformance.cancelling import (
    AWAITS_MAX,
    GRACE_S,
    MOMENTS_S,
    SLACK,
    cancelled_after,
    cancelled_at,
)
from bluegreen.testing.conformance.failing import fails_in_words
from bluegreen.testing.conformance.hostile import mistaken, with_placeholders
from bluegreen.testing.conformance.leaks import comes_true, descriptors, names, others
from bluegreen.testing.conformance.violation import Violation
from bluegreen.values import encoded

AT_ONCE: Final = 50
"""So many measurements run at the same time."""


@frozen
class Case:
    """A provider, and what the rules may ask it.

    `make` makes one. `query` has a value for an answer. `numbered(n)` are queries whose answers differ, and
    `tells(n, answer)` says whether an answer (the result alone) is that of number n. `failing` are queries that end in
    an error, by a few words for each: a server that refuses, answers garbage, answers 401, does not answer. Those that
    can hold a secret hold `secret`. Of their names, `permanent` are those where only a person can help (a 401), and
    `passing` those that may end well another time (a 503); of the rest nothing is said. `empty` finds nothing to see;
    None where there is always something. Each measurement is done within `limit_s` seconds, whatever happens.
    """

    make: Callable[[], MetricProvider]
    query: Mapping[str, JSON]
    numbered: Callable[[int], Mapping[str, JSON]]
    tells: Callable[[int, JSON], bool]
    failing: Mapping[str, Mapping[str, JSON]] = field(factory=dict[str, Mapping[str, JSON]])
    permanent: Set[str] = frozenset()
    passing: Set[str] = frozenset()
    secret: str = ""
    empty: Mapping[str, JSON] | None = None
    limit_s: float = 10

    def __attrs_post_init__(self) -> None:
        if unknown := (self.permanent | self.passing) - set(self.failing):
            raise ValueError(f"these are named, and no failing query is called so: {', '.join(sorted(unknown))}")


async def check(rule: str, case: Case) -> None:
    """Raises `Violation` when the provider breaks this rule, whose name is a key of `RULES`."""
    await RULES[rule](case)


async def check_all(case: Case) -> None:
    """Raises `Violation` at the first rule that the provider breaks."""
    for rule in RULES:
        await check(rule, case)


async def _answers_can_be_kept(case: Case) -> None:
    async with _Made(case) as made:
        answer = await made.answer(case.query)
        if isinstance(answer, NoData):
            raise Violation(f"{_asked(case.query)} has an answer, and NoData came")
        _kept(answer, case.query)


async def _nothing_is_no_data(case: Case) -> None:
    if case.empty is None:
        return
    async with _Made(case) as made:
        answer = await made.answer(case.empty)
        if not isinstance(answer, NoData):
            raise Violation(f"{_asked(case.empty)} finds nothing to see, and that is NoData; {answer!r} came")
        _kept(answer, case.empty)


async def _asking_twice_is_harmless(case: Case) -> None:
    async with _Made(case) as made:
        query = copy.deepcopy(dict(case.query))
        for time in ("first", "second"):
            answer = await made.answer(query)
            if isinstance(answer, NoData):
                raise Violation(f"{_asked(case.query)}, asked the {time} time, gave NoData")
            if query != case.query:
                raise Violation(f"measuring changed the query from {case.query!r} to {query!r}")


async def _answers_are_not_mixed(case: Case) -> None:
    async with _Made(case) as made:
        queries = [case.numbered(number) for number in range(AT_ONCE)]
        answers = await asyncio.gather(*(made.answer(one) for one in queries))
        for number, answer in enumerate(answers):
            if isinstance(answer, NoData) or not case.tells(number, _result(answer)):
                raise Violation(f"{AT_ONCE} at once: number {number}, {queries[number]!r}, was answered {answer!r}")


async def _cancelling_leaves_it_usable(case: Case) -> None:
    async with _Made(case) as warm:
        await warm.answer(case.query)
    async with _Made(case) as made:
        await made.answer(case.query)
        running_before, open_before = len(others()), descriptors()
        for number in range(1, AWAITS_MAX + 1):
            if not await cancelled_at(made.answer(case.query), number, case.limit_s):
                break
        for after_s in MOMENTS_S:
            await cancelled_after(made.answer(case.query), after_s, case.limit_s)
        if isinstance(await made.answer(case.query), NoData):
            raise Violation("after it was cancelled it gives NoData for what has an answer")
        if not await comes_true(lambda: len(others()) <= running_before + SLACK, GRACE_S):
            raise Violation(f"after it was cancelled, tasks go on running: {names(others())}")
        if not await comes_true(lambda: descriptors() <= open_before + SLACK, GRACE_S):
            more = descriptors() - open_before
            raise Violation(f"after it was cancelled, {more} more connections, pipes or files stay open than before")


async def _closing_leaves_nothing(case: Case) -> None:
    async with _Made(case) as warm:
        await warm.answer(case.query)
    await asyncio.sleep(0.05)
    running_before, open_before = len(others()), descriptors()
    async with _Made(case) as made:
        await asyncio.gather(*(made.answer(case.query) for _ in range(5)))
        await made.close()  # and once more at the end of the block
    if not await comes_true(lambda: len(others()) <= running_before, GRACE_S):
        raise Violation(f"once closed, tasks go on running: {names(others())}")
    if not await comes_true(lambda: descriptors() <= open_before, GRACE_S):
        raise Violation(f"once closed, {descriptors() - open_before} connections, pipes or files stay open")


async def _errors_are_in_words(case: Case) -> None:
    async with _Made(case) as made:
        for words, query in case.failing.items():
            await fails_in_words(made.asked(query), words, case.secret)
        for query in mistaken(case.query):
            if made.problems(query):
                await fails_in_words(made.asked(query), f"{query!r:.200}, which check refuses", "")


async def _says_whether_it_may_pass(case: Case) -> None:
    async with _Made(case) as made:
        for words in sorted(case.permanent | case.passing):
            error = await fails_in_words(made.asked(case.failing[words]), words, case.secret)
            if words in case.permanent and not isinstance(error, PermanentBackendError):
                raise Violation(f"{words}: only a person can help, and {error!r} says that another try may")
            if words in case.passing and isinstance(error, PermanentBackendError):
                raise Violation(f"{words}: another try may help, and {error!r} says that only a person can")


async def _check_never_raises(case: Case) -> None:
    async with _Made(case) as made:
        known = [case.query, case.numbered(1), *([case.empty] if case.empty is not None else [])]
        for query in (*known, *(left for one in known for left in with_placeholders(one))):
            if problems := made.problems(query):
                raise Violation(f"check refuses {query!r}, which is right: {'; '.join(map(str, problems))}")
        for query in mistaken(case.query):
            made.problems(query)


RULES: Final[dict[str, Callable[[Case], Awaitable[None]]]] = {
    "its answers can be kept": _answers_can_be_kept,
    "nothing to see is NoData, neither zero nor an error": _nothing_is_no_data,
    "asking the same twice is harmless": _asking_twice_is_harmless,
    "fifty measurements at once do not mix their answers": _answers_are_not_mixed,
    "cancelled at any await it stays usable and leaks nothing": _cancelling_leaves_it_usable,
    "closed, it leaves nothing behind": _closing_leaves_nothing,
    "errors are BackendErrors in words, in time, without the secret": _errors_are_in_words,
    "an error says whether another try may help": _says_whether_it_may_pass,
    "check never raises, and lets placeholders be": _check_never_raises,
}
"""Each rule's name, in a sentence, and its check."""


class _Made:
    """A provider of the case, closed at the end of the block."""

    def __init__(self, case: Case) -> None:
        self._limit_s = case.limit_s
        self._provider: Any = case.make()

    async def __aenter__(self) -> _Made:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        if hasattr(self._provider, "close"):
            await self._provider.close()

    async def answer(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """What it answers to a query that is right; `Violation` when it does not."""
        try:
            return await self.asked(query)
        except BackendError as error:
            raise Violation(f"{_asked(query)} is right, and it raised {error!r}") from error

    async def asked(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """What it answers; `Violation` when that takes longer than it may."""
        limit = asyncio.timeout(self._limit_s)
        try:
            async with limit:
                answer: JSON | NoData | Reading = await self._provider.measure(query)
                return answer
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise Violation(f"{_asked(query)} was not answered within {self._limit_s:g} s") from error

    def problems(self, query: Mapping[str, JSON]) -> list[Problem]:
        """What its check, if it has one, says of the query."""
        if not hasattr(self._provider, "check"):
            return []
        try:
            found = list(self._provider.check(query))
        except Exception as error:
            raise Violation(f"check raised {error!r} on {query!r:.200}") from error
        if not all(isinstance(one, Problem) for one in found):
            raise Violation(f"check gives Problems, and on {query!r:.200} it gave {found!r:.200}")
        return found


def _asked(query: Mapping[str, JSON]) -> str:
    return f"{dict(query)!r:.300}"


def _result(answer: JSON | Reading) -> JSON:
    return answer.result if isinstance(answer, Reading) else answer


def _kept(answer: JSON | NoData | Reading, query: Mapping[str, JSON]) -> None:
    parts = (answer.result, answer.labels) if isinstance(answer, Reading) else (answer,)
    if isinstance(answer, NoData):
        parts = (answer.result,)
    try:
        for part in parts:
            encoded(part)
    except ValueError as error:
        raise Violation(f"the answer to {_asked(query)} cannot be kept: {error}") from error
