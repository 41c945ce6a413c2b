"""The rules for metric providers: an honest one keeps them all, and each way of being bad is found out by its rule."""

import asyncio

import pytest
from attrs import evolve

from bluegreen.testing.conformance import Violation, metrics
from bluegreen.testing.conformance.cancelling import CancelledAt
from bluegreen.testing.conformance.hostile import mistaken, with_placeholders
from tests.metrics.weather import BAD, SECRET, Weather, forecast, forgotten, kept, served

pytestmark = pytest.mark.real


def case_of(kind: type[Weather], base: str) -> metrics.Case:
    def query(place: str) -> dict[str, str]:
        return {"place": place, "token": SECRET}

    return metrics.Case(
        make=lambda: kind(base),
        query=query("1"),
        numbered=lambda number: query(str(number)),
        tells=lambda number, answer: answer == number,
        failing={name: query(name) for name in ("refused", "hung", "garbage", "busy")},
        permanent={"refused"},
        passing={"hung", "busy"},
        secret=SECRET,
        empty=query("nowhere"),
        limit_s=6,
    )


@pytest.mark.parametrize("rule", metrics.RULES)
async def test_an_honest_provider_keeps_the_rule(rule: str) -> None:
    async with served(forecast) as base:
        await metrics.check(rule, case_of(Weather, base))


async def test_all_rules_can_be_checked_in_one_go() -> None:
    async with served(forecast) as base:
        await metrics.check_all(case_of(Weather, base))


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_provider_is_found_out_by_its_rule(kind: type[Weather]) -> None:
    async with served(forecast) as base:
        try:
            with pytest.raises(Violation):
                await metrics.check(BAD[kind], case_of(kind, base))
        finally:
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                if "lasting" in repr(task.get_coro()):
                    task.cancel()
            for session in forgotten:
                await session.close()
            for writer in kept:
                writer.close()
            forgotten.clear()
            kept.clear()


def test_a_name_that_no_failing_query_has_is_refused() -> None:
    with pytest.raises(ValueError, match="no failing query is called so: refusde"):
        evolve(case_of(Weather, ""), permanent={"refusde"})


def test_every_rule_is_shown_to_bite() -> None:
    assert set(BAD.values()) == set(metrics.RULES)


async def test_a_coroutine_is_cancelled_at_the_await_that_was_asked_for() -> None:
    seen: list[str] = []

    async def work() -> str:
        for step in "abc":
            try:
                await asyncio.sleep(0.001)
            finally:
                seen.append(step)
        return "done"

    for number, steps in ((1, "a"), (2, "ab"), (3, "abc")):
        seen.clear()
        cancelled = CancelledAt(work(), number)

        async def waiting(cancelled: CancelledAt[str] = cancelled) -> str:
            return await cancelled

        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(waiting())
        assert (cancelled.reached, "".join(seen)) == (True, steps)
    whole = CancelledAt(work(), 4)
    assert (await whole, whole.reached) == ("done", False)


def test_mistaken_queries_leave_the_right_one_alone_and_reach_every_place() -> None:
    query = {"a": {"b": ["x", 1]}, "c": "y"}
    made = list(mistaken(query))
    assert query == {"a": {"b": ["x", 1]}, "c": "y"}
    assert all(one in made for one in ({}, {"a": {"b": ["x"]}, "c": "y"}, {"a": {"b": [None, 1]}, "c": "y"}))
    assert list(with_placeholders(query)) == [
        {"a": {"b": ["{{args.x}}", 1]}, "c": "y"},
        {"a": {"b": ["x", 1]}, "c": "{{args.x}}"},
    ]
